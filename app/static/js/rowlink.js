// <tr data-row-link>: a click anywhere on the row follows its first link. The link itself stays for everyone else.

const CONTROLS = "a, button, input, select, textarea, label, summary";

document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-row-link]");
  if (!row || event.target.closest(CONTROLS) || String(window.getSelection())) return;
  const link = row.querySelector("a[href]");
  if (!link) return;
  if (event.ctrlKey || event.metaKey) window.open(link.href, "_blank", "noopener");
  else link.click();
});
