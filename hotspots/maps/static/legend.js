// The legend: unit, zero, classes, no data; the same for every moment of a window.
"use strict";
(() => {
  const { dom } = HotspotsMap;

  HotspotsMap.drawLegend = (place, model, state, format) => {
    const { data } = model;
    const linear = data.geo.areas.some((shape) => shape[0] === "l");
    place.setAttribute("role", "group");
    place.setAttribute("aria-label", format.texts.legend);
    const swatch = (colour) => dom.svg("svg", { width: 26, height: 12, "aria-hidden": "true" },
      colour
        ? dom.svg("rect", { x: 0.5, y: 0.5, width: 25, height: 11, rx: 2, fill: colour, stroke: "#9a9187", "stroke-width": 0.8 })
        : linear
          ? dom.svg("line", { x1: 1, y1: 6, x2: 25, y2: 6, stroke: "#a3a7ac", "stroke-width": 4, "stroke-dasharray": "3 4" })
          : dom.svg("rect", { x: 0.5, y: 0.5, width: 25, height: 11, rx: 2, fill: "url(#hs-hatch-legend)", stroke: "#a3a7ac" }));
    const lacks = (measure) => (measure === "density" ? data.areas.base : measure === "rate" ? data.areas.residents : []).includes(null);
    const line = (colour, text) => dom.html("li", {}, swatch(colour), dom.html("span", {}, text));
    state.subscribe((now, changed) => {
      if (!changed.has("measure") && !changed.has("window")) return;
      const breaks = data.breaks[now.measure][String(now.window)];
      const colours = HotspotsMap.coloursFor(data.palette, breaks.length + 1);
      const labels = format.classLabels(breaks, now.measure);
      const list = dom.html("ul", {}, line(data.zeroColour, format.texts.zero),
        ...labels.map((label, k) => line(colours[k], label)), line(null, lacks(now.measure) ? format.texts.noValue : format.texts.noData));
      const defs = dom.svg("svg", { width: 0, height: 0, class: "hs-defs", "aria-hidden": "true" }, dom.svg("defs", {}, dom.hatch("hs-hatch-legend")));
      place.replaceChildren(defs, dom.html("p", { class: "hs-unit" }, format.unit(now.measure, now.window)), list,
        format.approximate ? dom.html("p", { class: "hs-small" }, format.texts.approximate) : null || "");
    });
  };
})();
