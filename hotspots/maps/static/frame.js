// Talk with the page around a map in a frame: it is told of each change, and may wish for one.
"use strict";
(() => {
  HotspotsMap.joinFrame = (model, state, format, layers, card) => {
    if (!model.data.embedded || window.parent === window) return;
    const { data } = model;
    const send = (message) => window.parent.postMessage(message, "*"); // a frame without origin cannot name its parent's

    const sendTime = (now) => {
      if (!model.m) return;
      const span = state.span();
      send({
        type: "hotspots:time",
        from: data.periods.from[span[0]],
        to: data.periods.to[span[1]],
        label: format.spanLabel(span),
        window: now.window,
        index: now.index,
        measure: now.measure,
        record: format.recordNote(span),
        values: data.areas.name.map((_, area) => model.value(area, now.measure, span)),
        inAreas: model.inAreas(span),
        offAreas: model.off(span),
        tooCoarse: model.tooCoarse(span),
        total: model.town(span),
      });
    };

    let before = state.get().lit;
    state.subscribe((now, changed) => {
      if (changed.has("lit") && now.lit !== before) {
        before = now.lit;
        if (!wished) send({ type: "hotspots:highlight", row: now.lit });
      }
      if (["index", "window", "measure"].some((key) => changed.has(key))) sendTime(now);
    });
    let wished = false;
    window.addEventListener("message", (event) => {
      if (event.source !== window.parent) return;
      const wish = event.data;
      if (!wish || typeof wish !== "object") return;
      if (wish.type === "hotspots:hello") sendTime(state.get()); // the page listens only now, and missed the first message
      if (wish.type !== "hotspots:set") return;
      const patch = {};
      for (const key of ["index", "measure", "localities", "playing"]) if (key in wish) patch[key] = wish[key];
      if ("window" in wish) patch.window = /^\d+$/.test(String(wish.window)) ? Number(wish.window) : wish.window;
      if ("highlight" in wish) {
        card.forget();
        patch.lit = wish.highlight;
      }
      if ("select" in wish) patch.chosen = wish.select;
      wished = true;
      state.set(patch);
      wished = false;
      if ("select" in wish && state.get().chosen !== null) layers.show(state.get().chosen);
    });
  };
})();
