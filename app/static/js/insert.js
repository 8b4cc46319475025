// <code data-insert>{逾期率}</code>: becomes a button that puts its text where the cursor was, in a [data-fields] area.
import { announce } from "./announce.js";
import { attach } from "./attach.js";

let last = null;

document.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-fields]")) last = event.target;
});

attach("data-insert", (code) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "field-insert";
  button.textContent = code.textContent;
  button.addEventListener("click", () => {
    const area = last?.isConnected ? last : document.querySelector("[data-fields]");
    if (!area) return;
    area.focus();
    area.setRangeText(code.textContent, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
    announce(code.textContent);
  });
  code.replaceWith(button);
});
