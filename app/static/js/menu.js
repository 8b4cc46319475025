// <details data-menu> closes as a menu does: on Escape (the focus returns), on a click or a focus elsewhere.

const open = () => document.querySelectorAll("details[data-menu][open]");

function closeOthers(event) {
  open().forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
}

document.addEventListener("click", closeOthers);
document.addEventListener("focusin", closeOthers);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  open().forEach((menu) => {
    const inside = menu.contains(document.activeElement);
    menu.open = false;
    if (inside) menu.querySelector("summary").focus();
  });
});
