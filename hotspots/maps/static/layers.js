// The areas in their classes of colour, over quiet roads, inside the boundary.
"use strict";
(() => {
  const { dom } = HotspotsMap;
  const NO_DATA = "#a3a7ac";
  const CASING = "#9a9187";

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

  /** Width [px] of a street at a zoom level. */
  const widthAt = (zoom) => Math.max(3, Math.min(16, 6 * 1.32 ** (zoom - 15)));

  HotspotsMap.drawLayers = (map, model, state) => {
    const { data } = model;
    const { geo } = data;
    const decode = makeDecoder(geo);
    const pane = (name, z, clickable) => {
      const made = map.createPane(name);
      made.style.zIndex = z;
      if (!clickable) made.style.pointerEvents = "none";
      return L.svg({ pane: name, padding: 0.6 });
    };
    const ground = pane("hs-ground", 410, false);
    const under = pane("hs-under", 415, false);
    const field = pane("hs-field", 420, true);
    const above = pane("hs-above", 430, false);
    const onGround = (options) => ({ pane: "hs-ground", renderer: ground, interactive: false, ...options });

    if (geo.boundary) {
      L.polygon(geo.boundary.slice(1).map(decode), onGround({ color: "#8b929a", weight: 1.2, dashArray: "6 4", fillColor: "#ffffff", fillOpacity: data.tiles ? 0 : 0.55 })).addTo(map);
    }
    const linear = geo.areas.some((shape) => shape[0] === "l");
    const roads = [];
    if (geo.roads) {
      // Over polygons the roads lie above the fill, else below the coloured streets.
      const where = linear ? onGround({}) : { pane: "hs-above", renderer: above, interactive: false };
      const lines = geo.roads.slice(1).map(decode);
      roads.push([L.polyline(lines, { ...where, color: linear ? "#cfcac3" : "#8b929a", opacity: linear ? 1 : 0.35 }).addTo(map), 2]);
      roads.push([L.polyline(lines, { ...where, color: "#ffffff" }).addTo(map), 0]);
    }

    const inField = { pane: "hs-field", renderer: field };
    const areas = geo.areas.map((shape) => {
      const parts = shape.slice(1).map(decode);
      if (shape[0] === "l") {
        return {
          kind: "l",
          anchor: parts,
          casing: L.polyline(parts, { ...onGround({}), color: CASING, lineCap: "round" }).addTo(map),
          paint: L.polyline(parts, { ...inField, lineCap: "round", lineJoin: "round" }).addTo(map),
        };
      }
      if (shape[0] === "p") return { kind: "p", anchor: parts, paint: L.polygon(parts, { ...inField, ...(data.kind === "grid" ? { weight: 0.6, color: "#a9afb6" } : { weight: 1, color: "#6f767e" }) }).addTo(map) };
      const spot = parts.length ? parts[0][0] : null;
      return { kind: "d", anchor: parts, paint: spot ? L.circleMarker(spot, { ...inField, radius: 6, color: CASING, weight: 1 }).addTo(map) : null };
    });
    // The pattern of "no data" belongs to the drawing's own svg.
    const container = map.getPane("hs-field").querySelector("svg");
    if (container) container.prepend(dom.svg("defs", {}, dom.hatch("hs-hatch")));

    const localities = L.layerGroup();
    for (const [name, shape] of geo.localities || []) {
      const outline = L.polygon(shape.slice(1).map(decode), { pane: "hs-above", renderer: above, interactive: false, fill: false, color: "#1f4e87", weight: 2, dashArray: "2 5", lineCap: "round" });
      outline.bindTooltip(dom.html("span", {}, name), { permanent: true, direction: "center", className: "hs-locality" });
      localities.addLayer(outline);
    }
    const glow = L.layerGroup().addTo(map);

    let classes = new Int8Array(model.n).fill(-2);
    const paintArea = (area, found, colours) => {
      const { kind, paint, casing } = areas[area];
      if (!paint) return;
      const width = widthAt(map.getZoom());
      const colour = found > 0 ? colours[found - 1] : data.zeroColour;
      if (kind === "l") {
        const missing = found < 0;
        casing.setStyle({ weight: found > 0 ? width + 2 : width * 0.62 + 2, opacity: missing ? 0 : found > 0 ? 0.75 : 0.45 });
        paint.setStyle({ color: missing ? NO_DATA : colour, weight: missing ? Math.max(2, width * 0.5) : found > 0 ? width : width * 0.62, dashArray: missing ? "3 6" : null });
      } else if (kind === "p") {
        paint.setStyle({ fillColor: found < 0 ? "url(#hs-hatch)" : colour, fillOpacity: data.tiles && found >= 0 ? 0.7 : 0.92 });
      } else {
        paint.setRadius(Math.max(4, width * 0.8));
        paint.setStyle({ fillColor: found < 0 ? "#ffffff" : colour, fillOpacity: 1, color: found < 0 ? NO_DATA : CASING, dashArray: found < 0 ? "2 3" : null });
      }
      const node = paint.getElement();
      if (node) node.dataset.class = found;
    };
    const repaint = (everything) => {
      const now = state.get();
      const span = state.span();
      const breaks = data.breaks[now.measure][String(now.window)];
      const colours = HotspotsMap.coloursFor(data.palette, breaks.length + 1);
      for (let area = 0; area < model.n; area += 1) {
        const found = HotspotsMap.classOf(model.value(area, now.measure, span), breaks);
        if (everything || found !== classes[area]) paintArea(area, found, colours);
        classes[area] = found;
      }
    };
    const paveRoads = () => {
      const width = Math.max(1.5, widthAt(map.getZoom()) * 0.62);
      for (const [line, extra] of roads) line.setStyle({ weight: (linear ? width : width * 0.5) + extra });
    };
    map.on("zoomend", () => { paveRoads(); repaint(true); });

    /** Orders the lines so that the fullest lie on top, once. */
    const order = Array.from({ length: model.n }, (_, area) => area).sort((a, b) => model.total(a) - model.total(b));
    if (linear) for (const area of order) if (areas[area].paint) areas[area].paint.bringToFront();

    const highlight = () => {
      const { chosen, lit } = state.get();
      glow.clearLayers();
      for (const area of new Set([chosen, lit])) {
        if (area === null || !areas[area].paint) continue;
        const ring = { pane: "hs-above", renderer: above, interactive: false, color: "#1f4e87" };
        const { kind, anchor } = areas[area];
        const width = widthAt(map.getZoom());
        if (kind === "l") {
          // Below the street, so that its own colour stays to be read.
          glow.addLayer(L.polyline(anchor, { ...ring, pane: "hs-under", renderer: under, weight: width + 8, lineCap: "round" }));
        } else if (kind === "p") glow.addLayer(L.polygon(anchor, { ...ring, weight: 3, fill: false }));
        else glow.addLayer(L.circleMarker(anchor[0][0], { ...ring, radius: width + 3, weight: 3, fill: false }));
      }
    };
    state.subscribe((now, changed) => {
      if (changed.has("measure") || changed.has("window")) repaint(true);
      else if (changed.has("index")) repaint(false);
      if (changed.has("chosen") || changed.has("lit")) highlight();
      if (changed.has("localities")) (now.localities ? localities.addTo(map) : localities.remove());
    });
    map.on("zoomend", highlight);
    paveRoads();

    const boundsOf = (area) => L.latLngBounds(areas[area].anchor.flat());
    return {
      areas,
      onPointer: (handlers) => areas.forEach(({ paint }, area) => {
        if (!paint) return;
        paint.on("mousemove", (event) => handlers.over(area, event));
        paint.on("mouseout", () => handlers.out(area));
        paint.on("click", (event) => { L.DomEvent.stopPropagation(event); handlers.click(area, event); });
      }),
      show: (area) => {
        if (!areas[area].anchor.length) return;
        const bounds = boundsOf(area);
        if (!map.getBounds().pad(-0.05).intersects(bounds)) map.panTo(bounds.getCenter(), { animate: !HotspotsMap.calm() });
      },
      localities: (geo.localities || []).length,
      decode,
    };
  };
  HotspotsMap.calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
})();
