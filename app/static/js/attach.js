// Behaviour attaches to an attribute: attach("data-copy", (element) => …) runs once for every element that
// carries it, those that are there now and those that htmx brings later.

const started = new WeakMap();

export function attach(attribute, start) {
  const selector = `[${attribute}]`;
  const within = (root) => {
    if (root.matches?.(selector)) once(root, attribute, start);
    root.querySelectorAll(selector).forEach((element) => once(element, attribute, start));
  };
  within(document);
  document.addEventListener("htmx:load", (event) => within(event.target));
}

function once(element, attribute, start) {
  const seen = started.get(element) ?? new Set();
  if (seen.has(attribute)) return;
  started.set(element, seen.add(attribute));
  start(element);
}
