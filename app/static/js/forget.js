// [data-forget="60"]: what stands in it is taken off the page after so many seconds, and when the page is left.
// Its [data-forgotten] sentence takes its place. Without JavaScript the page says that it must be closed.
for (const shown of document.querySelectorAll("[data-forget]")) {
  const left = shown.querySelector("[data-left]");
  const ends = Date.now() + Number(shown.dataset.forget) * 1000;
  const forget = () => {
    clearInterval(ticking);
    for (const part of shown.querySelectorAll("[data-secret]")) part.remove();
    const said = shown.querySelector("[data-forgotten]");
    if (said) said.hidden = false;
  };
  const tick = () => {
    const seconds = Math.ceil((ends - Date.now()) / 1000);
    if (left) left.textContent = String(Math.max(seconds, 0));
    if (seconds <= 0) forget();
  };
  const ticking = setInterval(tick, 1000);
  addEventListener("pagehide", forget);
}
