// The overview's map: published numbers of districts, one year at a time; hatches say what is not shown.
"use strict";
(() => {
  const { dom } = HotspotsMap;
  const BORDER = "#6b7886";

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

  /** Patterns, each unlike the others in grey too: dots for small, strokes for hidden, a net for no record. */
  const patterns = (prefix) => {
    const make = (name, size, turn, ...content) => dom.svg("pattern", { id: `${prefix}-${name}`, width: size, height: size, patternUnits: "userSpaceOnUse", patternTransform: turn ? `rotate(${turn})` : null }, ...content);
    const ground = (size, fill) => dom.svg("rect", { width: size, height: size, fill });
    return dom.svg("defs", {},
      make("s", 9, 0, ground(9, "#fdf1e0"), dom.svg("circle", { cx: 4.5, cy: 4.5, r: 1.5, fill: "#b8763a" })),
      make("h", 9, 45, ground(9, "#fdf1e0"), dom.svg("rect", { width: 2.4, height: 9, fill: "#b8763a" })),
      make("m", 8, 0, ground(8, "#eef0f2"), dom.svg("path", { d: "M0 0 8 8M8 0 0 8", stroke: "#98a1ab", "stroke-width": 1.1 })));
  };

  const classOf = (value, breaks) => {
    let found = 0;
    while (found < breaks.length && value > breaks[found]) found += 1;
    return found;
  };

  const makePaint = (data, prefix) => {
    const n = data.breaks.length + 1;
    const colours = n >= data.palette.length ? data.palette : Array.from({ length: n }, (_, k) => data.palette[n === 1 ? 2 : Math.round((k * (data.palette.length - 1)) / (n - 1))]);
    return {
      colours,
      fill: (value) => typeof value === "string" ? `url(#${prefix}-${value})` : value === 0 ? data.zeroColour : colours[classOf(value, data.breaks)],
    };
  };

  const format = (data, lang) => {
    const number = new Intl.NumberFormat(lang);
    const named = { s: data.texts.small, h: data.texts.hidden, m: data.texts.missing };
    return (value) => typeof value === "string" ? named[value] : number.format(value);
  };

  const makeMap = (element, data) => {
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const map = L.map(element, {
      zoomControl: false, attributionControl: false, zoomSnap: 0.1, zoomDelta: 0.5, scrollWheelZoom: false,
      keyboard: false, minZoom: 8, maxZoom: 16, zoomAnimation: !calm, fadeAnimation: !calm, inertia: !calm,
    });
    L.control.zoom({ position: "topright", zoomInTitle: data.texts.zoomIn, zoomOutTitle: data.texts.zoomOut }).addTo(map);
    L.control.scale({ position: "bottomright", imperial: false, maxWidth: 120 }).addTo(map);
    const north = L.control({ position: "bottomright" });
    north.onAdd = () => dom.html("div", { class: "hs-north", title: data.texts.northTitle }, `${data.texts.north} ↑`);
    north.addTo(map);
    let touched = false;
    element.addEventListener("pointerdown", () => { touched = true; }, { passive: true });
    const fit = () => map.fitBounds(data.view, { padding: [10, 10], animate: false });
    fit();
    new ResizeObserver(() => {
      map.invalidateSize({ animate: false });
      if (!touched) fit();
    }).observe(element);
    return map;
  };

  /** Names and numbers inside their districts, none over another; the larger number goes first. */
  const makeLabels = (map, say) => {
    const pane = map.createPane("hs-names");
    pane.style.zIndex = 450;
    pane.style.pointerEvents = "none";
    pane.setAttribute("aria-hidden", "true");
    let items = [];
    const place = (item, text, taken) => {
      const label = dom.html("span", { class: "hs-label" }, ...text);
      pane.append(label);
      const spot = map.latLngToLayerPoint(item.at);
      const [w, h] = [label.offsetWidth + 6, label.offsetHeight + 2];
      const box = [spot.x - w / 2, spot.y - h / 2, spot.x + w / 2, spot.y + h / 2];
      const bounds = [item.paint.getBounds().getNorthWest(), item.paint.getBounds().getSouthEast()].map((p) => map.latLngToLayerPoint(p));
      const fits = bounds[1].x - bounds[0].x > w * 0.7 && bounds[1].y - bounds[0].y > h * 0.7;
      const free = !taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1]);
      if (!fits || !free) { label.remove(); return false; }
      taken.push(box);
      L.DomUtil.setPosition(label, L.point(Math.round(box[0] + 3), Math.round(box[1] + 1)));
      return true;
    };
    const draw = () => {
      pane.replaceChildren();
      const taken = [];
      for (const item of items) {
        const number = dom.html("b", {}, say(item.value));
        if (!place(item, [item.name, number.cloneNode(true)], taken)) place(item, [number], taken);
      }
    };
    map.on("zoomend moveend resize", draw);
    return (labels) => { items = labels; draw(); };
  };

  HotspotsMap.startOverview = (root, element, data) => {
    const part = (name) => root.querySelector(`.hs-${name}`);
    const decode = makeDecoder(data);
    const map = makeMap(element, data);
    const say = format(data, document.documentElement.lang);
    const field = map.createPane("hs-field");
    field.style.zIndex = 420;
    const renderer = L.svg({ pane: "hs-field", padding: 0.6 });
    const paint = makePaint(data, "hs-map");
    const areas = data.shapes.map((shape, k) => ({
      name: data.names[k],
      at: decode(data.spots[k])[0],
      paint: L.polygon(shape.slice(1).map(decode), { pane: "hs-field", renderer, color: BORDER, weight: 1.2, fillOpacity: 1 }).addTo(map),
    }));
    L.polygon(data.boundary.slice(1).map(decode), { pane: "hs-field", renderer, interactive: false, fill: false, color: "#3d4854", weight: 2 }).addTo(map);
    const drawing = field.querySelector("svg");
    if (drawing) drawing.prepend(patterns("hs-map"));

    const setLabels = makeLabels(map, say);
    const card = part("card");
    const years = data.years.map((year, k) => [k, year.label, year.partial ? `${year.label}, ${data.texts.partial}` : year.label]);
    const rank = (value) => typeof value === "number" ? value : value === "h" ? 0.5 : value === "s" ? 0.4 : 0;
    const show = (k) => {
      const year = data.years[k];
      areas.forEach((area, row) => {
        area.value = year.values[row];
        area.paint.setStyle({ fillColor: paint.fill(area.value) });
        const node = area.paint.getElement();
        if (node) node.dataset.value = String(area.value);
      });
      setLabels([...areas].sort((a, b) => rank(b.value) - rank(a.value)).filter((area) => area.value !== 0 && area.value !== "m"));
      chosen.press(k);
      drawLegend(year);
      root.dataset.year = year.label;
    };
    for (const area of areas) {
      const tell = () => {
        card.hidden = false;
        card.replaceChildren(dom.html("strong", { dir: "auto" }, area.name), document.createTextNode(` ${say(area.value)}`));
        area.paint.setStyle({ weight: 3.5 }).bringToFront();
      };
      area.paint.on("mouseover click", tell);
      area.paint.on("mouseout", () => { card.hidden = true; area.paint.setStyle({ weight: 1.2 }); });
    }

    const drawLegend = (year) => {
      const box = (fill) => dom.svg("svg", { width: 34, height: 20, "aria-hidden": "true" }, patterns("hs-key"), dom.svg("rect", { x: 0.5, y: 0.5, width: 33, height: 19, fill, stroke: BORDER, "stroke-width": 0.8 }));
      const key = makePaint(data, "hs-key");
      const numbers = data.years.flatMap((one) => one.values).filter((value) => typeof value === "number" && value > 0);
      const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
      const between = (low, high) => low === high ? say(low) : data.texts.between.replace("{low}", say(low)).replace("{high}", say(high));
      const steps = numbers.length ? key.colours.map((colour, k) => [colour, between(k ? data.breaks[k - 1] + 1 : least, k < data.breaks.length ? data.breaks[k] : most)]) : [];
      const there = new Set(data.years.flatMap((one) => one.values));
      const rows = [[data.zeroColour, data.texts.zero], [key.fill("s"), data.texts.small], ...steps];
      if (there.has("h")) rows.push([key.fill("h"), data.texts.hidden]);
      if (there.has("m")) rows.push([key.fill("m"), data.texts.missing]);
      part("legend").replaceChildren(
        dom.html("p", {}, dom.html("span", { class: "hs-unit" }, `${year.label}: ${data.texts.unit}`),
          year.partial ? dom.html("span", {}, data.texts.partial) : null, data.texts.approximate ? dom.html("span", { class: "hs-small" }, data.texts.approximate) : null),
        dom.html("ul", {}, ...rows.map(([fill, text]) => dom.html("li", {}, box(fill), dom.html("span", {}, text)))));
    };
    const chosen = dom.choice(data.texts.year, years, show);
    if (years.length > 1) part("choices").append(chosen.element); else part("choices").hidden = true;
    show(data.start);
    root.dataset.ready = "true";

    // Keys that move the slides of the page around the frame, pressed while the map has the focus.
    document.addEventListener("keydown", (event) => {
      if (["ArrowLeft", "ArrowRight", "PageUp", "PageDown", "Escape", "Home", "End"].includes(event.key)) parent.postMessage({ type: "hotspots:key", key: event.key }, "*");
    });
  };
})();
