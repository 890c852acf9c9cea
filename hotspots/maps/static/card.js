// The card of one area: name, values of the window, and its course over time.
"use strict";
(() => {
  const { dom } = HotspotsMap;
  const WIDTH = 212;
  const HEIGHT = 34;

  const sparkline = (model, area, span) => {
    const { record } = model.data.periods;
    const counts = record.map((_, k) => model.count(area, [k, k]));
    const highest = Math.max(1, ...counts.map((count) => count || 0));
    const step = WIDTH / Math.max(1, model.m);
    const bars = counts.map((count, k) => {
      const inside = k >= span[0] && k <= span[1];
      if (count === null) return dom.svg("rect", { x: k * step, y: 0, width: step, height: HEIGHT, fill: "url(#hs-hatch-card)" });
      const height = (count / highest) * (HEIGHT - 2);
      return dom.svg("rect", { x: k * step, y: HEIGHT - height, width: Math.max(0.8, step * 0.82), height, fill: inside ? "#c4281b" : "#9fb1c6" });
    });
    return dom.svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "hs-spark", "aria-hidden": "true" },
      dom.svg("defs", {}, dom.hatch("hs-hatch-card")), ...bars,
      dom.svg("line", { x1: 0, y1: HEIGHT - 0.5, x2: WIDTH, y2: HEIGHT - 0.5, stroke: "#8b929a" }));
  };

  HotspotsMap.drawCard = (place, map, model, state, format, layers) => {
    const { data } = model;
    let pointer = null;
    const move = () => {
      const size = map.getSize();
      if (!pointer || size.x < 560) {
        place.classList.add("hs-docked");
        place.style.transform = "";
        return;
      }
      place.classList.remove("hs-docked");
      const x = Math.min(Math.max(8, pointer.x + 16), size.x - place.offsetWidth - 8);
      const below = pointer.y + 16 + place.offsetHeight < size.y - 8;
      const y = below ? pointer.y + 16 : Math.max(8, pointer.y - 16 - place.offsetHeight);
      place.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
    };
    const render = () => {
      const now = state.get();
      const area = now.lit === null ? now.chosen : now.lit;
      place.hidden = area === null;
      if (area === null) return;
      const span = state.span();
      const rows = data.measures.map((measure) =>
        dom.html("div", {}, dom.html("dt", {}, format.texts.measures[measure]), dom.html("dd", {}, format.cell(area, measure, span))));
      const note = format.recordNote(span);
      const close = dom.iconButton("M3 4.4 4.4 3 8 6.6 11.6 3 13 4.4 9.4 8 13 11.6 11.6 13 8 9.4 4.4 13 3 11.6 6.6 8z", format.texts.close);
      close.addEventListener("click", () => state.set({ chosen: null, lit: null }));
      const pinned = now.chosen === area;
      place.classList.toggle("hs-pinned", pinned);
      place.replaceChildren(
        dom.html("div", { class: "hs-card-head" }, dom.html("strong", { dir: "auto" }, data.areas.name[area]), pinned ? close : null || ""),
        dom.html("p", { class: "hs-small" }, note ? `${format.spanLabel(span)} · ${note}` : format.spanLabel(span)),
        dom.html("dl", {}, ...rows), sparkline(model, area, span));
      move();
    };
    state.subscribe((_now, changed) => {
      if (["chosen", "lit", "index", "window", "measure"].some((key) => changed.has(key))) render();
    });
    layers.onPointer({
      over: (area, event) => { pointer = event.containerPoint; if (state.get().lit === area) move(); else state.set({ lit: area }); },
      out: (area) => { if (state.get().lit === area) state.set({ lit: null }); },
      click: (area, event) => { pointer = event.containerPoint; state.set({ chosen: state.get().chosen === area ? null : area, lit: null }); },
    });
    map.on("click", () => state.set({ chosen: null, lit: null }));
    map.on("movestart", () => { if (state.get().lit === null) { pointer = null; move(); } });
    return { forget: () => { pointer = null; } };
  };
})();
