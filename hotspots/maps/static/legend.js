// The legend: unit, classes, zero, no data in one row; the same for every moment of a window.
"use strict";
(() => {
  const { dom } = HotspotsMap;
  const WIDTH = 36;
  const HEIGHT = 10;

  HotspotsMap.drawLegend = (place, model, state, format) => {
    const { data } = model;
    const { texts } = format;
    const linear = data.geo.areas.some((shape) => shape[0] === "l");
    place.setAttribute("role", "group");
    place.setAttribute("aria-label", texts.legend);
    const box = (fill, stroke) => dom.svg("rect", { x: 0.5, y: 0.5, width: WIDTH - 1, height: HEIGHT - 1, rx: 1.5, fill, stroke, "stroke-width": 0.8 });
    const sign = (colour) => {
      if (colour) return box(colour, "#9a9187");
      if (!linear) return box("url(#hs-hatch-legend)", "#a3a7ac");
      return dom.svg("line", { x1: 1, y1: HEIGHT / 2, x2: WIDTH - 1, y2: HEIGHT / 2, stroke: "#a3a7ac", "stroke-width": 4, "stroke-dasharray": "3 4" });
    };
    const item = (colour, text, apart) => dom.html("li", { class: apart ? "hs-apart" : null },
      dom.svg("svg", { width: WIDTH, height: HEIGHT, "aria-hidden": "true" }, sign(colour)), dom.html("span", {}, text));
    const lacks = (measure) => (measure === "density" ? data.areas.base : measure === "rate" ? data.areas.residents : []).includes(null);
    state.subscribe((now, changed) => {
      if (!changed.has("measure") && !changed.has("window")) return;
      const breaks = data.breaks[now.measure][String(now.window)];
      const colours = HotspotsMap.coloursFor(data.palette, breaks.length + 1);
      const labels = format.classLabels(breaks, now.measure);
      const defs = dom.svg("svg", { width: 0, height: 0, class: "hs-defs", "aria-hidden": "true" }, dom.svg("defs", {}, dom.hatch("hs-hatch-legend")));
      place.replaceChildren(defs,
        dom.html("p", {}, dom.html("span", { class: "hs-unit" }, format.unit(now.measure, now.window)),
          format.approximate ? dom.html("span", { class: "hs-small" }, texts.approximate) : null),
        dom.html("ul", {}, ...labels.map((label, k) => item(colours[k], label, false)),
          item(data.zeroColour, texts.zero, true), item(null, lacks(now.measure) ? texts.noValue : texts.noData, false)));
    });
  };
})();
