// <form data-search>: arrow keys walk from the box through its suggestions, Escape closes them.

const box = (form) => form.querySelector("input[type=search]");
const links = (form) => [...form.querySelectorAll("#search-suggestions a")];
const close = (form) => form.querySelector("#search-suggestions").replaceChildren();

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("[data-search]");
  if (!form || event.isComposing) return;
  if (event.key === "Escape") {
    close(form);
    box(form).focus();
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const stops = [box(form), ...links(form)];
  const at = stops.indexOf(document.activeElement);
  if (at < 0 || stops.length < 2) return;
  event.preventDefault();
  stops[(at + step + stops.length) % stops.length].focus();
});

document.addEventListener("click", (event) => {
  document.querySelectorAll("[data-search]").forEach((form) => {
    if (!form.contains(event.target)) close(form);
  });
});
