// What changed is said: after a partial update the text of [data-announce] goes into the page's live region.

export function announce(text) {
  const region = document.getElementById("announcer");
  if (region && text && region.textContent !== text) region.textContent = text;
}

document.addEventListener("htmx:afterSettle", (event) => {
  const news = event.target.matches("[data-announce]") ? event.target : event.target.querySelector("[data-announce]");
  announce(news?.textContent.trim());
});
