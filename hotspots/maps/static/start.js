// Starts a map: reads its data, draws every part, and keeps them in step.
"use strict";
(() => {
  HotspotsMap.start = (root, mapElement, data) => {
    const model = HotspotsMap.makeModel(data);
    const state = HotspotsMap.makeState(model);
    const format = HotspotsMap.makeFormat(model, state);
    const part = (name) => root.querySelector(`.hs-${name}`);
    const calm = HotspotsMap.calm();
    const map = L.map(mapElement, {
      zoomControl: false, attributionControl: false, zoomSnap: 0.25, zoomDelta: 0.5, wheelPxPerZoomLevel: 120,
      minZoom: 9, maxZoom: 19, zoomAnimation: !calm, fadeAnimation: !calm, inertia: !calm,
    });
    L.control.zoom({ position: "topright", zoomInTitle: format.texts.zoomIn, zoomOutTitle: format.texts.zoomOut }).addTo(map);
    L.control.scale({ position: "bottomright", imperial: false, maxWidth: 120 }).addTo(map);
    const north = L.control({ position: "bottomright" });
    north.onAdd = () => HotspotsMap.dom.html("div", { class: "hs-north", title: format.texts.northTitle }, `${format.texts.north} ↑`);
    north.addTo(map);
    if (data.tiles) {
      L.tileLayer(data.tiles.url, { maxZoom: data.tiles.maxZoom, referrerPolicy: "strict-origin-when-cross-origin" }).addTo(map);
    }
    if (data.geo.view.length) {
      const wide = mapElement.clientWidth >= 560;
      map.fitBounds(data.geo.view, { paddingTopLeft: [wide ? 40 : 14, 24], paddingBottomRight: [wide ? 40 : 14, 24], maxZoom: 15.5, animate: false });
    } else map.setView([49.8, 15.5], 9);

    const layers = HotspotsMap.drawLayers(map, model, state);
    HotspotsMap.drawLegend(part("legend"), model, state, format);
    const card = HotspotsMap.drawCard(part("card"), map, model, state, format, layers);
    HotspotsMap.drawTimeControl(part("time"), model, state, format);
    HotspotsMap.drawChoices(part("choices"), part("corner"), model, state, format, layers);
    HotspotsMap.drawLabels(map, model, layers);
    HotspotsMap.drawTable(part("table"), model, state, format, layers, card);
    HotspotsMap.joinFrame(model, state, format, layers, card);
    new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(mapElement);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") state.set({ chosen: null, lit: null });
    });
    root.dataset.ready = "true";
    performance.mark("hotspots:ready");
  };
})();
