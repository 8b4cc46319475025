// <div data-file-drop> around an <input type=file>: a file may be dropped anywhere on it; its name and size show.
import { attach } from "./attach.js";

const BYTES = ["B", "KB", "MB", "GB"];

function size(bytes) {
  const power = Math.min(Math.floor(Math.log2(bytes || 1) / 10), BYTES.length - 1);
  return `${(bytes / 1024 ** power).toFixed(power ? 1 : 0)} ${BYTES[power]}`;
}

attach("data-file-drop", (area) => {
  const input = area.querySelector("input[type=file]");
  const chosen = area.querySelector("[data-chosen]");

  const show = () => {
    const files = [...input.files];
    area.classList.toggle("has-file", files.length > 0);
    chosen.textContent = files.map((file) => `${file.name} (${size(file.size)})`).join(", ");
  };
  const hover = (over) => (event) => {
    event.preventDefault();
    area.classList.toggle("is-over", over);
  };

  area.classList.add("is-live");
  area.addEventListener("dragover", hover(true));
  area.addEventListener("dragleave", hover(false));
  area.addEventListener("drop", (event) => {
    hover(false)(event);
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  input.addEventListener("change", show);
  show();
});
