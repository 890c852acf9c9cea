// What a reader may choose beside time: the measure, and (on the map) outlines of localities.
"use strict";
(() => {
  const { dom } = HotspotsMap;

  HotspotsMap.drawChoices = (place, corner, model, state, format, layers) => {
    const { data } = model;
    if (data.measures.length > 1 && !data.embedded) {
      const measures = dom.choice(format.texts.measure, data.measures.map((measure) => [measure, format.texts.measures[measure]]), (measure) => state.set({ measure }));
      place.append(measures.element);
      state.subscribe((now) => measures.press(now.measure));
    }
    if (layers.localities) {
      const box = dom.html("input", { type: "checkbox" });
      box.addEventListener("change", () => state.set({ localities: box.checked }));
      corner.append(dom.html("label", { class: "hs-check" }, box, format.texts.localities));
      state.subscribe((now) => { box.checked = now.localities; });
    }
    place.hidden = !place.childElementCount;
    corner.hidden = !corner.childElementCount;
  };
})();
