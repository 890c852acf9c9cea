// The overview as a presentation: one page at a time on the whole screen, turned by keys or a clicker.
"use strict";
(() => {
  const slides = [...document.querySelectorAll(".slide")];
  const bar = document.querySelector(".present-bar");
  const steps = document.querySelector(".slide-steps");
  const place = document.querySelector(".slide-place");
  const map = document.getElementById("overview-map");
  if (!slides.length || !bar || !steps) return;
  const root = document.documentElement;
  const MARK = /^#page-(\d+)$/; // in the address, so that a reload comes back to the same page
  let at = 0;

  const isOn = () => root.classList.contains("presenting");
  const show = (number) => {
    at = Math.max(0, Math.min(slides.length - 1, number));
    slides.forEach((slide, k) => slide.classList.toggle("current", k === at));
    place.textContent = `${at + 1} / ${slides.length}`;
    history.replaceState(null, "", `#page-${at + 1}`);
  };
  const start = (number) => {
    root.classList.add("presenting");
    steps.hidden = false;
    show(number);
  };
  const end = () => {
    if (!isOn()) return;
    root.classList.remove("presenting");
    steps.hidden = true;
    history.replaceState(null, "", location.pathname + location.search);
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
    slides[at].scrollIntoView();
  };

  // A browser that refuses the whole screen still shows one page at a time.
  const fill = () => (root.requestFullscreen ? root.requestFullscreen().catch(() => {}) : null);
  bar.hidden = false;
  bar.querySelector(".present-start").addEventListener("click", () => { start(0); fill(); });
  steps.querySelector(".slide-back").addEventListener("click", () => show(at - 1));
  steps.querySelector(".slide-on").addEventListener("click", () => show(at + 1));
  steps.querySelector(".slide-end").addEventListener("click", end);
  let filled = false;
  document.addEventListener("fullscreenchange", () => {
    // Esc leaves the whole screen before the page hears of it.
    if (filled && !document.fullscreenElement) end();
    filled = Boolean(document.fullscreenElement);
  });

  const turns = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 };
  const press = (key) => {
    if (!isOn()) return false;
    if (key in turns) show(at + turns[key]);
    else if (key === "Home") show(0);
    else if (key === "End") show(slides.length - 1);
    else if (key === "Escape") end();
    else return false;
    return true;
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === " " && event.target instanceof HTMLButtonElement) return;
    if (press(event.key)) event.preventDefault();
  });
  window.addEventListener("message", (event) => {
    const { data } = event;
    if (map && event.source === map.contentWindow && data && data.type === "hotspots:key") press(String(data.key));
  });
  // On a narrow screen the year that the finding speaks of comes first, older ones to its left.
  const scroller = document.querySelector(".bars-scroll");
  const chosen = scroller && scroller.querySelector(".name.chosen");
  if (chosen) {
    const over = chosen.getBoundingClientRect().right - scroller.getBoundingClientRect().right;
    if (over > -16) scroller.scrollLeft += over + 16;
  }

  const found = MARK.exec(location.hash);
  if (found) start(Number(found[1]) - 1);
})();
