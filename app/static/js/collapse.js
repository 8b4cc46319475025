// <details open data-collapse="phone">: open without JavaScript and on a desk, closed on a phone to start with.
import { attach } from "./attach.js";

attach("data-collapse", (details) => {
  if (window.matchMedia("(max-width: 47.99em)").matches) details.open = false;
});
