// Keys for who works through lists: "/" the search, "j" and "k" the rows, "n" the next case of the queue, "?" the help.
// They are silent while something is typed, with Ctrl, Alt or Meta held, and once turned off (WCAG 2.1.4): the
// switch in the help is kept in this browser.

const SWITCH = "qingshou-keys";
const TYPED_INTO = "input, textarea, select, [contenteditable]";
const help = document.getElementById("keys");

function isOn() {
  try {
    return localStorage.getItem(SWITCH) !== "off";
  } catch {
    return true; // storage is forbidden: on, and not to be kept
  }
}

function turn(on) {
  try {
    localStorage.setItem(SWITCH, on ? "on" : "off");
  } catch {
    // not kept then
  }
}

function showHelp() {
  if (help && help.showModal && !help.open) help.showModal();
}

function step(by) {
  const links = [...document.querySelectorAll("[data-row-link]")].map((row) => row.querySelector("a[href]")).filter(Boolean);
  if (!links.length) return;
  const row = document.activeElement.closest("[data-row-link]");
  const at = row ? links.findIndex((link) => row.contains(link)) : by > 0 ? -1 : links.length;
  const link = links[Math.min(Math.max(at + by, 0), links.length - 1)];
  link.focus({ preventScroll: true });
  link.closest("[data-row-link]").scrollIntoView({ block: "nearest" });
}

const KEYS = {
  "/": () => document.querySelector("[data-search], input[type=search]")?.focus(),
  j: () => step(1),
  k: () => step(-1),
  n: () => document.querySelector("a[data-next]")?.click(),
  "?": showHelp,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || event.isComposing) return;
  if (event.target.closest?.(TYPED_INTO) || help?.open || !isOn()) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

if (help && help.showModal) {
  const box = help.querySelector("[data-keys-switch]");
  box.checked = isOn();
  box.addEventListener("change", () => turn(box.checked));
  document.querySelectorAll("[data-keys-help]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", showHelp);
  });
}
