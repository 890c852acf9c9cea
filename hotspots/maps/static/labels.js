// Names on the map: the fullest areas first, then landmarks, none over another.
"use strict";
(() => {
  const { dom } = HotspotsMap;
  const PLACES_FROM = 14;
  const PLACE_NAMES_FROM = 15.5;

  /** How many area names a zoom level bears. */
  const allowance = (zoom, width) => Math.round((width / 100) * 1.1 * 1.7 ** Math.max(0, zoom - 13));

  /** Points along the longest part, the middle first, where a name may stand. */
  const spots = (parts) => {
    let best = parts[0];
    for (const part of parts) if (part.length > best.length) best = part;
    if (best.length === 1) return [best[0]];
    const lengths = [0];
    for (let k = 1; k < best.length; k += 1) {
      lengths.push(lengths[k - 1] + Math.hypot(best[k][0] - best[k - 1][0], (best[k][1] - best[k - 1][1]) * 0.64));
    }
    const whole = lengths[lengths.length - 1];
    return [0.5, 0.3, 0.7, 0.12, 0.88].map((share) => {
      let k = 1;
      while (k < best.length - 1 && lengths[k] < share * whole) k += 1;
      const step = lengths[k] - lengths[k - 1];
      const t = step ? (share * whole - lengths[k - 1]) / step : 0;
      return [0, 1].map((axis) => best[k - 1][axis] + t * (best[k][axis] - best[k - 1][axis]));
    });
  };
  const centre = (rings) => {
    const outer = rings.reduce((best, ring) => (ring.length > best.length ? ring : best), rings[0]);
    return [L.latLngBounds(outer).getCenter()];
  };

  HotspotsMap.drawLabels = (map, model, layers) => {
    const { geo, kind, areas } = model.data;
    const pane = map.createPane("hs-names");
    pane.style.zIndex = 450;
    pane.style.pointerEvents = "none";
    pane.setAttribute("aria-hidden", "true");
    const places = (geo.places || []).map(([name, ...part]) => ({ name, at: layers.decode(part)[0] }));
    const nameOf = (area) => (areas.street || areas.name)[area];
    const named = Array.from({ length: model.n }, (_, area) => area)
      .filter((area) => layers.areas[area].anchor.length && kind !== "grid")
      .sort((a, b) => model.total(b) - model.total(a))
      // The segments of a street share its name: it stands once, at the fullest one.
      .filter((area, k, order) => kind !== "segment" || order.findIndex((other) => nameOf(other) === nameOf(area)) === k)
      .map((area) => ({
        name: nameOf(area),
        at: layers.areas[area].kind === "p" ? centre(layers.areas[area].anchor) : spots(layers.areas[area].anchor),
        total: model.total(area),
      }));
    const ruler = document.createElement("canvas").getContext("2d");
    ruler.font = "600 12px system-ui, sans-serif";
    const shorten = (name) => (name.length > 28 ? `${name.slice(0, 27)}…` : name);

    const draw = () => {
      pane.replaceChildren();
      const size = map.getSize();
      if (!size.x || !size.y) return;
      const zoom = map.getZoom();
      // What lies over the map is taken: the legend, the choice in the corner, Leaflet's controls.
      const ground = map.getContainer().getBoundingClientRect();
      const over = map.getContainer().parentElement.querySelectorAll(".hs-legend, .hs-corner, .leaflet-control");
      const taken = Array.from(over, (part) => part.getBoundingClientRect())
        .map((box) => [box.left - ground.left, box.top - ground.top, box.right - ground.left, box.bottom - ground.top]);
      const fits = (box) => box[0] >= 4 && box[2] <= size.x - 4 && box[1] >= 4 && box[3] <= size.y - 4
        && taken.every((other) => box[2] < other[0] || box[0] > other[2] || box[3] < other[1] || box[1] > other[3]);
      const put = (text, at, className, dx, dy) => {
        const spot = map.latLngToLayerPoint(at);
        const label = dom.html("span", { class: className }, text);
        L.DomUtil.setPosition(label, L.point(Math.round(spot.x + dx), Math.round(spot.y + dy)));
        pane.append(label);
      };
      let left = allowance(zoom, Math.min(size.x, size.y * 1.6));
      for (const { name, at, total } of named) {
        if (left <= 0) break;
        if (total === 0 && zoom < 15.5) break;
        const text = shorten(name);
        const half = ruler.measureText(text).width / 2 + 5;
        for (const point of at) {
          const { x, y } = map.latLngToContainerPoint(point);
          const box = [x - half, y - 10, x + half, y + 10];
          if (!fits(box)) continue;
          taken.push(box);
          put(text, point, "hs-name", -half, -9);
          left -= 1;
          break;
        }
      }
      if (zoom < PLACES_FROM) return;
      for (const { name, at } of places) {
        const { x, y } = map.latLngToContainerPoint(at);
        if (!fits([x - 4, y - 4, x + 4, y + 4])) continue;
        put("", at, "hs-place", -3, -3);
        const text = shorten(name);
        const box = [x + 4, y - 9, x + 16 + ruler.measureText(text).width, y + 9];
        if (zoom >= PLACE_NAMES_FROM && fits(box)) {
          taken.push(box);
          put(text, at, "hs-place-name", 6, -8);
        }
      }
    };
    map.on("moveend zoomend resize", draw);
    draw();
  };
})();
