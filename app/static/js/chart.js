// <figure hidden data-chart="bar" data-table="stock" …> shows a picture of a table that is on the page anyway.
// The drawing code is fetched after the page, and only when the figure comes near the screen.
import { attach } from "./attach.js";

const NEAR = "200px";

const near = new IntersectionObserver(
  (entries) => {
    entries
      .filter((entry) => entry.isIntersecting)
      .forEach(async ({ target }) => {
        near.unobserve(target);
        const { draw } = await import("./chart-draw.js");
        draw(target);
      });
  },
  { rootMargin: NEAR },
);

attach("data-chart", (figure) => {
  figure.hidden = false;
  if (document.readyState === "complete") near.observe(figure);
  else window.addEventListener("load", () => near.observe(figure), { once: true });
});
