// <form data-once> is sent once: a second press while the first is on its way does nothing.

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-once]");
  if (!form) return;
  if (form.getAttribute("aria-busy") === "true") event.preventDefault();
  else form.setAttribute("aria-busy", "true");
});

// The back button may bring the page as it was: let the form be sent again.
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-once][aria-busy]").forEach((form) => form.removeAttribute("aria-busy"));
});
