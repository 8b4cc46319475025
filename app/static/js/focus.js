// [data-focus] takes the focus when the page opens: the summary of what is wrong with a form.
import { attach } from "./attach.js";

attach("data-focus", (element) => element.focus());
