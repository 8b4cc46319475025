// <div data-presence="/cases/1/here" data-every="30" data-token="…">: while the page is in sight it gives a sign of
// life, and shows who else has the case open. A failed sign is not told: the next one comes.
import { announce } from "./announce.js";

const place = document.querySelector("[data-presence]");

async function sign() {
  if (document.visibilityState !== "visible") return;
  try {
    const answer = await fetch(place.dataset.presence, {
      method: "POST",
      headers: { "X-CSRFToken": place.dataset.token },
      credentials: "same-origin",
    });
    if (!answer.ok || answer.redirected) return;
    const text = (await answer.text()).trim();
    if (text === place.innerHTML.trim()) return;
    place.innerHTML = text;
    announce(place.textContent.trim());
  } catch {
    // no connection just now
  }
}

if (place) {
  sign();
  setInterval(sign, Number(place.dataset.every) * 1000);
  document.addEventListener("visibilitychange", sign);
}
