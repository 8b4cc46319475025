// A part of the page could not be fetched: what the server says about it stands above the content until one can be.
import { announce } from "./announce.js";

const shown = () => document.getElementById("away");

function said(answer) {
  const page = new DOMParser().parseFromString(answer, "text/html").querySelector(".went-wrong");
  return ["h1", ".prose"].map((part) => page?.querySelector(part)?.textContent.trim()).filter(Boolean);
}

document.addEventListener("htmx:responseError", (event) => {
  const [title, sentence] = said(event.detail.xhr.responseText);
  if (!sentence || shown()) return;
  const notice = document.createElement("div");
  notice.id = "away";
  notice.className = "notices";
  notice.innerHTML = '<div class="notice tone-warn"><div><h2></h2><p></p></div></div>';
  notice.querySelector("h2").textContent = title;
  notice.querySelector("p").textContent = sentence;
  document.getElementById("main")?.prepend(notice);
  announce(sentence);
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) shown()?.remove();
});
