// The band in the town's chart, and the address, follow the time control.
"use strict";
(() => {
  if (!window.mapFrame) return;
  const chart = document.getElementById("town-chart");
  const band = chart ? chart.querySelector(".band") : null;
  window.mapFrame.onTime((time) => {
    const all = time.window === "all" || time.window === 0;
    pageUrl.set({
      window: all ? null : String(time.window),
      index: all ? null : String(time.index),
      measure: time.measure === "count" ? null : time.measure,
    });
    if (!band) return;
    const width = all ? 0 : Number(time.window) * Number(chart.dataset.step);
    band.setAttribute("width", String(width));
    if (!all) band.setAttribute("x", String(Number(chart.dataset.left) + (Number(time.index) - Number(time.window) + 1) * Number(chart.dataset.step)));
  });
})();
