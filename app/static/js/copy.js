// <button hidden data-copy="#element" data-copied="Copied">: shown only where it can work.
import { announce } from "./announce.js";
import { attach } from "./attach.js";

const SAID_FOR_MS = 2000;

attach("data-copy", (button) => {
  if (!navigator.clipboard) return;
  const label = button.querySelector("[data-label]") ?? button;
  const text = label.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.querySelector(button.dataset.copy);
    await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
    label.textContent = button.dataset.copied;
    announce(button.dataset.copied);
    setTimeout(() => (label.textContent = text), SAID_FOR_MS);
  });
});
