// <a href="tel:…" data-dial="7" data-seconds="60" data-masked="138****1234">: a phone dials at once, the first time that
// the page is open; at a desk the browser would only ask which program is to dial. The number is taken off the page when
// its time is over.
import { attach } from "./attach.js";

attach("data-dial", (link) => {
  const seen = `dialled-${link.dataset.dial}`;
  if (matchMedia("(pointer: coarse)").matches && !sessionStorage.getItem(seen)) {
    sessionStorage.setItem(seen, "1");
    if (document.readyState === "complete") link.click();
    else window.addEventListener("load", () => setTimeout(() => link.click()), { once: true });
  }
  setTimeout(() => {
    const shown = document.createElement("p");
    shown.className = "dial-over num";
    shown.textContent = link.dataset.masked;
    link.replaceWith(shown);
  }, Number(link.dataset.seconds) * 1000);
});
