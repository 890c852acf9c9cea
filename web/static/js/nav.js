// On a narrow screen the bar of pages scrolls: the present page's entry is brought into view.
"use strict";
(() => {
  const current = document.querySelector(".bar nav [aria-current]");
  const bar = current && current.parentElement;
  if (bar && bar.scrollWidth > bar.clientWidth) {
    bar.scrollLeft = current.offsetLeft - bar.offsetLeft - (bar.clientWidth - current.offsetWidth) / 2;
  }
})();
