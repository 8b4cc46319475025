// The one entry point. Each behaviour is a file of its own and attaches by data attribute; pages work without.
import "./partial.js";
import "./announce.js";
import "./chart.js";
import "./collapse.js";
import "./copy.js";
import "./dial.js";
import "./draft.js";
import "./filedrop.js";
import "./focus.js";
import "./insert.js";
import "./forget.js";
import "./keys.js";
import "./menu.js";
import "./once.js";
import "./presence.js";
import "./rowlink.js";
import "./search.js";
