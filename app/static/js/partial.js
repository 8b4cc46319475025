// htmx replaces a part of the page (filtered lists, progress). Set up for a strict Content-Security-Policy,
// and so that no page with personal data is ever kept in the browser's storage.
import htmx from "htmx.org/dist/htmx.esm.js";

Object.assign(htmx.config, {
  allowEval: false,
  allowScriptTags: false,
  attributesToSettle: ["class"],
  historyCacheSize: 0,
  includeIndicatorStyles: false,
  refreshOnHistoryMiss: true,
  selfRequestsOnly: true,
});
