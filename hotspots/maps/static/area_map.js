// The map of the layers in force: outlines of one layer at a time, named where one points.
"use strict";
(() => {
  const { dom } = HotspotsMap;
  const LINE = "#6b7886";
  const FILL = "#1f4e87";
  const LIT = "#1f4e87";

  /** Turns parts of whole numbers back into [lat, lon] pairs. */
  const makeDecoder = ({ origin, perDegree }) => (part) => {
    const points = [];
    let x = 0;
    let y = 0;
    for (let k = 0; k < part.length; k += 2) {
      x += part[k];
      y += part[k + 1];
      points.push([origin[1] + y / perDegree, origin[0] + x / perDegree]);
    }
    return points;
  };

  const makeMap = (element, data) => {
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const map = L.map(element, {
      zoomControl: false, attributionControl: Boolean(data.tiles), zoomSnap: 0.25, zoomDelta: 0.5, wheelPxPerZoomLevel: 120,
      minZoom: 8, maxZoom: 19, zoomAnimation: !calm, fadeAnimation: !calm, inertia: !calm,
    });
    L.control.zoom({ position: "topright", zoomInTitle: data.texts.zoomIn, zoomOutTitle: data.texts.zoomOut }).addTo(map);
    L.control.scale({ position: "bottomright", imperial: false, maxWidth: 120 }).addTo(map);
    const north = L.control({ position: "bottomright" });
    north.onAdd = () => dom.html("div", { class: "hs-north", title: data.texts.northTitle }, `${data.texts.north} ↑`);
    north.addTo(map);
    if (data.tiles) {
      map.attributionControl.setPrefix(false);
      L.tileLayer(data.tiles.url, { maxZoom: data.tiles.maxZoom, attribution: data.tiles.attribution, referrerPolicy: "strict-origin-when-cross-origin" }).addTo(map);
    }
    // Until the reader moves the map it shows the whole town, whatever becomes of the frame's size.
    let touched = false;
    for (const name of ["pointerdown", "wheel", "keydown"]) element.addEventListener(name, () => { touched = true; }, { passive: true });
    const fit = () => map.fitBounds(data.view, { padding: [12, 12], animate: false });
    fit();
    new ResizeObserver(() => {
      map.invalidateSize({ animate: false });
      if (!touched) fit();
    }).observe(element);
    return map;
  };

  /** Names inside their areas, where there is room, none over another. */
  const makeLabels = (map) => {
    const pane = map.createPane("hs-names");
    pane.style.zIndex = 450;
    pane.style.pointerEvents = "none";
    pane.setAttribute("aria-hidden", "true");
    const ruler = document.createElement("canvas").getContext("2d");
    ruler.font = "600 12px system-ui, sans-serif";
    let named = [];
    const draw = () => {
      pane.replaceChildren();
      const taken = [];
      for (const { name, at, bounds } of named) {
        const width = ruler.measureText(name).width + 10;
        const [a, b] = [bounds.getNorthWest(), bounds.getSouthEast()].map((point) => map.latLngToLayerPoint(point));
        if (b.x - a.x < width * 0.8 || b.y - a.y < 20) continue;
        const spot = map.latLngToLayerPoint(at);
        const box = [spot.x - width / 2, spot.y - 10, spot.x + width / 2, spot.y + 10];
        if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
        taken.push(box);
        const label = dom.html("span", { class: "hs-name" }, name);
        L.DomUtil.setPosition(label, L.point(Math.round(box[0]), Math.round(box[1])));
        pane.append(label);
      }
    };
    map.on("zoomend moveend resize", draw);
    return (labels) => { named = labels; draw(); };
  };

  HotspotsMap.startAreas = (root, element, data) => {
    const part = (name) => root.querySelector(`.hs-${name}`);
    const decode = makeDecoder(data);
    const map = makeMap(element, data);
    const pane = (name, z, clickable) => {
      const made = map.createPane(name);
      made.style.zIndex = z;
      if (!clickable) made.style.pointerEvents = "none";
      return L.svg({ pane: name, padding: 0.6 });
    };
    const ground = pane("hs-ground", 410, false);
    const field = pane("hs-field", 420, true);
    const above = pane("hs-above", 430, false);
    const outline = data.boundary.slice(1).map(decode);
    L.polygon(outline, { pane: "hs-ground", renderer: ground, interactive: false, stroke: false, fillColor: "#ffffff", fillOpacity: data.tiles ? 0 : 1 }).addTo(map);
    const streets = data.layers.find((layer) => layer.kind === "street");
    const roads = streets ? streets.shapes.filter((shape) => shape[0] === "l").flatMap((shape) => shape.slice(1).map(decode)) : [];
    const quiet = L.polyline(roads, { pane: "hs-ground", renderer: ground, interactive: false, color: "#d3d0ca", weight: 1.5 });
    L.polygon(outline, { pane: "hs-above", renderer: above, interactive: false, fill: false, color: "#5b6672", weight: 1.5, dashArray: "6 4" }).addTo(map);

    const setLabels = makeLabels(map);
    const card = part("card");
    let pinned = null;
    const say = (name) => {
      card.hidden = name === null;
      card.replaceChildren(...(name === null ? [] : [dom.html("strong", { dir: "auto" }, name)]));
    };
    const style = (item, lit) => item.paint.setStyle(item.line
      ? { color: lit ? LIT : LINE, weight: lit ? 6 : 3 }
      : { color: lit ? LIT : LINE, weight: lit ? 3 : 1.2, fillOpacity: lit ? 0.16 : 0.04 });
    const light = (item) => { style(item, true); item.paint.bringToFront(); say(item.name); };
    const dim = (item) => {
      style(item, false);
      if (pinned === item) return light(item);
      if (pinned) light(pinned); else say(null);
      return null;
    };

    const makeLayer = (layer) => {
      const group = L.layerGroup();
      const items = [];
      layer.shapes.forEach((shape, k) => {
        const parts = shape.slice(1).map(decode);
        if (!parts.length) return;
        const options = { pane: "hs-field", renderer: field, color: LINE };
        const line = shape[0] !== "p";
        const paint = shape[0] === "p" ? L.polygon(parts, { ...options, fillColor: FILL })
          : shape[0] === "l" ? L.polyline(parts, { ...options, lineCap: "round" })
          : L.circleMarker(parts[0][0], { ...options, radius: 4 });
        const item = { name: layer.names[k], paint, line, at: decode(layer.spots[k])[0] };
        style(item, false);
        paint.on("mouseover", () => light(item));
        paint.on("mouseout", () => dim(item));
        paint.on("click", (event) => {
          L.DomEvent.stopPropagation(event);
          const former = pinned;
          pinned = former === item ? null : item;
          if (former) dim(former);
          if (pinned) light(pinned);
        });
        group.addLayer(paint);
        items.push(item);
      });
      return { group, items };
    };

    let shown = null;
    const made = new Map();
    const show = (kind) => {
      pinned = null;
      say(null);
      if (shown) shown.group.remove();
      const layer = data.layers.find((one) => one.kind === kind);
      if (layer && !made.has(kind)) made.set(kind, makeLayer(layer));
      shown = layer ? made.get(kind) : null;
      if (shown) shown.group.addTo(map);
      if (kind === "street") quiet.remove(); else quiet.addTo(map);
      setLabels(shown ? shown.items.filter((item) => !item.line).map(({ name, at, paint }) => ({ name, at, bounds: paint.getBounds() })) : []);
      const sources = [...new Set([...(layer ? layer.source : []), ...data.boundarySource])];
      part("layer-source").textContent = [layer ? data.texts.hint : "", layer && layer.approximate ? data.texts.approximate : "", `${data.texts.source} ${sources.join("; ")}`].filter(Boolean).join(" ");
      chosen.press(kind);
      root.dataset.layer = kind;
    };
    const choices = data.layers.map((layer) => [layer.kind, layer.label, layer.label]);
    const chosen = dom.choice(data.texts.layer, [...choices, ["", data.texts.none, data.texts.none]], show);
    part("choices").append(chosen.element);
    map.on("click", () => { const former = pinned; pinned = null; if (former) dim(former); });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !pinned) return;
      const former = pinned;
      pinned = null;
      dim(former);
    });
    show(data.layers.length ? data.layers[0].kind : "");
    root.dataset.ready = "true";
  };
})();
