// The small map on which a person shows a place. Needs leaflet.js before it; draws no tiles of its own.
//
//   placeMap.load(url) -> Promise of the ground: the answer of /place-map.json
//     {view: [[south, west], [north, east]], boundary: [ring], streets: [{name, lines: [line], dots: [point]}],
//      districts: [{name, rings: [ring], at: point}], landmarks: [{name, kind, at: point}], source,
//      tiles: null | {url, maxZoom, attribution}, texts}; points are [lon, lat] in degrees.
//
//   placeMap(element, options) -> controls
//     element        an empty element of class "place-map"; its height comes from the page's style.
//     options.data           the ground, as placeMap.load gives it.
//     options.draggable      true (usual): a click, tap, drag or key puts and moves the pin; false: the map only shows.
//     options.onPick(lon, lat)  the reader has put the pin there; not called by setPin.
//     options.candidates     [{lon, lat, label, precision_m}], numbered from 1 on the map.
//     options.onCandidate(k) candidate k (from 0) was clicked.
//
//   controls
//     setCandidates(list, {fit: true})  shows other candidates, the map then holds all of them.
//     choose(k)                         marks candidate k (from 0) and how far it may be off; null marks none.
//     setPin(lon, lat, {accuracy_m, pan: true, zoom})  puts the pin; accuracy_m draws a circle around it.
//     clearPin(), pin() -> [lon, lat] | null
//     showTown()                        the first view.
//     focus()                           the keyboard goes to the map.
//     remove()                          takes the map away; the element can be used again.
//
// Keys while the map has the focus: arrows move the pin (Shift: farther), at first from the chosen candidate or
// the middle; + and - zoom; Enter puts the pin in the middle where nothing is chosen, else the page may take it.
"use strict";
(() => {
  const NAMES_FROM = 15;      // zoom at which streets are named
  const LANDMARKS_FROM = 16;
  const CLOSE = 17;           // zoom for one place
  const STEP = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  const swap = ([lon, lat]) => [lat, lon];
  const SVG = "http://www.w3.org/2000/svg";

  const make = (tag, name, text) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  const pinShape = () => {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 32 44");
    svg.setAttribute("width", "32");
    svg.setAttribute("height", "44");
    svg.setAttribute("aria-hidden", "true");
    const drop = document.createElementNS(SVG, "path");
    drop.setAttribute("d", "M16 43C16 43 30 26 30 15.5A14 14 0 0 0 2 15.5C2 26 16 43 16 43Z");
    drop.setAttribute("class", "pm-drop");
    const eye = document.createElementNS(SVG, "circle");
    eye.setAttribute("cx", "16");
    eye.setAttribute("cy", "15.5");
    eye.setAttribute("r", "5");
    eye.setAttribute("class", "pm-eye");
    svg.append(drop, eye);
    return svg;
  };

  /** Puts points along a line not farther apart than `step` degrees, so that a name finds a spot in any view. */
  const dense = (line, step) => {
    const points = [line[0]];
    for (let k = 1; k < line.length; k += 1) {
      const [a, b] = [line[k - 1], line[k]];
      const n = Math.max(1, Math.ceil(Math.hypot(b[0] - a[0], b[1] - a[1]) / step));
      for (let j = 1; j <= n; j += 1) points.push([a[0] + ((b[0] - a[0]) * j) / n, a[1] + ((b[1] - a[1]) * j) / n]);
    }
    return points;
  };

  const makeMap = (element, data) => {
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const map = L.map(element, {
      zoomControl: false, attributionControl: Boolean(data.tiles), keyboard: false, zoomSnap: 0.5, wheelPxPerZoomLevel: 120,
      minZoom: 6, maxZoom: 19, zoomAnimation: !calm, fadeAnimation: !calm, markerZoomAnimation: !calm, inertia: !calm, doubleClickZoom: false,
    });
    L.control.zoom({ position: "topright", zoomInTitle: data.texts.zoomIn, zoomOutTitle: data.texts.zoomOut }).addTo(map);
    L.control.scale({ position: "bottomright", imperial: false, maxWidth: 100 }).addTo(map);
    if (data.tiles) {
      map.attributionControl.setPrefix(false);
      L.tileLayer(data.tiles.url, { maxZoom: data.tiles.maxZoom, attribution: data.tiles.attribution, referrerPolicy: "strict-origin-when-cross-origin" }).addTo(map);
    }
    map.fitBounds(data.view, { padding: [8, 8], animate: false });
    return map;
  };

  const drawGround = (map, data) => {
    const pane = (name, z) => {
      const made = map.createPane(name);
      made.style.zIndex = z;
      made.style.pointerEvents = "none";
      return L.svg({ pane: name, padding: 0.5 });
    };
    const ground = pane("pm-ground", 350);
    const quiet = { pane: "pm-ground", renderer: ground, interactive: false };
    const town = data.boundary.map((ring) => ring.map(swap));
    if (town.length) L.polygon(town, { ...quiet, stroke: false, fillColor: "#ffffff", fillOpacity: data.tiles ? 0 : 1 }).addTo(map);
    for (const district of data.districts) {
      L.polygon(district.rings.map((ring) => ring.map(swap)), { ...quiet, fill: false, color: "#aab4bf", weight: 1, dashArray: "3 4" }).addTo(map);
    }
    const lines = data.streets.flatMap((street) => street.lines.map((line) => line.map(swap)));
    const casing = L.polyline(lines, { ...quiet, color: "#b9c0c8", weight: 4, lineCap: "round" }).addTo(map);
    const fill = L.polyline(lines, { ...quiet, color: "#eef0f2", weight: 2.5, lineCap: "round" }).addTo(map);
    for (const street of data.streets) for (const dot of street.dots) L.circleMarker(swap(dot), { ...quiet, radius: 3, stroke: false, fillColor: "#aab4bf", fillOpacity: 1 }).addTo(map);
    const thick = () => {
      const width = Math.max(2.5, Math.min(12, 3 * 2 ** ((map.getZoom() - 15) * 0.6)));
      casing.setStyle({ weight: width });
      fill.setStyle({ weight: Math.max(1, width - 1.5) });
    };
    map.on("zoomend", thick);
    thick();
    if (town.length) L.polygon(town, { ...quiet, fill: false, color: "#5b6672", weight: 1.5, dashArray: "6 4" }).addTo(map);
  };

  /** Names of streets and landmarks near, of districts from afar; none over another. */
  const drawNames = (map, data) => {
    const pane = map.createPane("pm-names");
    pane.style.zIndex = 450;
    pane.style.pointerEvents = "none";
    pane.classList.add("leaflet-zoom-hide");
    pane.setAttribute("aria-hidden", "true");
    const ruler = document.createElement("canvas").getContext("2d");
    ruler.font = "500 12px system-ui, sans-serif";
    const named = data.streets.map((street) => ({
      name: street.name,
      points: [...street.lines.flatMap((line) => dense(line, 0.0004)), ...street.dots].map((point) => L.latLng(swap(point))),
    }));
    const draw = () => {
      pane.replaceChildren();
      const taken = [];
      const zoom = map.getZoom();
      const put = (name, latLng, kind, shift) => {
        const width = ruler.measureText(name).width + 8;
        const spot = map.latLngToLayerPoint(latLng);
        const box = [spot.x - width / 2, spot.y - 9 + shift, spot.x + width / 2, spot.y + 9 + shift];
        if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) return false;
        taken.push(box);
        const label = make("span", `pm-name ${kind}`, name);
        L.DomUtil.setPosition(label, L.point(Math.round(box[0]), Math.round(box[1])));
        pane.append(label);
        return true;
      };
      const view = map.getBounds().pad(-0.04);
      if (zoom >= NAMES_FROM) {
        for (const { name, points } of named) {
          const seen = points.filter((point) => view.contains(point));
          if (!seen.length) continue;
          const tries = [0.5, 0.3, 0.7, 0.15, 0.85].map((share) => seen[Math.floor((seen.length - 1) * share)]);
          tries.some((point) => put(name, point, "", 0));
        }
      } else {
        for (const { name, at } of data.districts) {
          const point = L.latLng(swap(at));
          if (view.contains(point)) put(name, point, "pm-district", 0);
        }
      }
      if (zoom >= LANDMARKS_FROM) {
        for (const { name, kind, at } of data.landmarks) {
          const point = L.latLng(swap(at));
          if (!view.contains(point) || !put(name || kind, point, "pm-landmark", 12)) continue;
          const dot = make("span", "pm-dot");
          L.DomUtil.setPosition(dot, map.latLngToLayerPoint(point).subtract([3, 3]).round());
          pane.append(dot);
        }
      }
    };
    map.on("zoomend moveend resize", draw);
    draw();
  };

  const placeMap = (element, { data, onPick = () => {}, draggable = true, candidates = [], onCandidate = () => {} }) => {
    const map = makeMap(element, data);
    drawGround(map, data);
    drawNames(map, data);
    const { texts } = data;
    const help = make("p", "sr", texts.help);
    help.id = `${element.id || "place-map"}-help`;
    element.tabIndex = 0;
    element.setAttribute("role", "application");
    element.setAttribute("aria-label", element.dataset.label || texts.map);
    if (draggable) {
      element.append(help);
      element.setAttribute("aria-describedby", help.id);
    }

    const around = L.circle([0, 0], { radius: 1, interactive: false, color: "#1f4e87", weight: 1, fillColor: "#1f4e87", fillOpacity: 0.08 });
    const ring = (latLng, radius_m) => {
      around.remove();
      if (!latLng || !(radius_m > 0)) return;
      around.setLatLng(latLng).setRadius(radius_m).addTo(map);
    };

    // --- the pin
    const icon = L.divIcon({ className: "pm-pin", html: pinShape(), iconSize: [44, 52], iconAnchor: [22, 47] });
    const marker = L.marker(map.getCenter(), { icon, draggable, autoPan: true, keyboard: false, zIndexOffset: 1000, alt: texts.pin });
    const isPut = () => map.hasLayer(marker);
    const pin = () => (isPut() ? [marker.getLatLng().lng, marker.getLatLng().lat] : null);
    const tell = () => onPick(...pin());
    const put = (latLng) => {
      ring(null);
      marker.setLatLng(latLng).addTo(map);
      element.dataset.pin = pin().map((number) => number.toFixed(6)).join(",");
    };
    marker.on("dragend", () => { put(marker.getLatLng()); tell(); });
    const keepInView = (latLng) => map.panInside(latLng, { padding: [60, 60], animate: false });

    let chosenAt = null; // where the chosen candidate is
    const zoom = (step) => map.setZoomAround(isPut() ? marker.getLatLng() : map.getCenter(), map.getZoom() + step, { animate: false });

    if (draggable) {
      map.on("click", (event) => { put(event.latlng.wrap()); tell(); });
      element.addEventListener("keydown", (event) => {
        if (event.target !== element || event.altKey || event.ctrlKey || event.metaKey) return;
        if (event.key in STEP) {
          const [dx, dy] = STEP[event.key].map((one) => one * (event.shiftKey ? 40 : 6));
          // Without a pin it starts from the chosen candidate, else from the middle.
          const from = isPut() ? marker.getLatLng() : chosenAt || map.getCenter();
          put(map.containerPointToLatLng(map.latLngToContainerPoint(from).add([dx, dy])));
          keepInView(marker.getLatLng());
          tell();
        } else if (event.key === "+" || event.key === "=") {
          zoom(1);
        } else if (event.key === "-") {
          zoom(-1);
        } else if (event.key === "Enter" && !isPut() && !chosenAt) {
          put(map.getCenter());
          tell();
        } else {
          return;
        }
        event.preventDefault();
        event.stopPropagation();
      });
    }

    // --- candidates
    let shown = [];
    const clear = () => {
      for (const one of shown) one.marker.remove();
      shown = [];
      chosenAt = null;
      ring(null);
    };
    const choose = (index) => {
      shown.forEach(({ marker: one }, k) => {
        one.getElement()?.classList.toggle("pm-chosen", k === index);
        one.setZIndexOffset(k === index ? 500 : 0);
      });
      const chosen = index === null ? undefined : shown[index];
      chosenAt = chosen ? chosen.marker.getLatLng() : null;
      ring(chosenAt, chosen && chosen.precision_m);
      if (chosenAt) keepInView(chosenAt);
    };
    const setCandidates = (list, { fit = true } = {}) => {
      clear();
      // Candidates at one spot (house numbers of one entrance) stand side by side.
      const stacks = new Map();
      shown = list.map(({ lon, lat, label, precision_m }, k) => {
        const spot = `${lon.toFixed(5)},${lat.toFixed(5)}`;
        const above = stacks.get(spot) || 0;
        stacks.set(spot, above + 1);
        const number = make("span", "pm-number", String(k + 1));
        const made = L.marker([lat, lon], {
          icon: L.divIcon({ className: "pm-candidate", html: number, iconSize: [44, 44], iconAnchor: [22 - 24 * above, 22] }),
          keyboard: false, title: label, alt: `${k + 1}. ${label}`,
        });
        made.on("click", (event) => { L.DomEvent.stopPropagation(event); onCandidate(k); });
        made.addTo(map);
        return { marker: made, precision_m };
      });
      if (!fit || !shown.length) return;
      const bounds = L.latLngBounds(shown.map((one) => one.marker.getLatLng()));
      map.fitBounds(bounds, { padding: [56, 56], maxZoom: CLOSE, animate: false });
    };

    const setPin = (lon, lat, { accuracy_m = 0, pan = true, zoom = CLOSE } = {}) => {
      put(L.latLng(lat, lon));
      ring(marker.getLatLng(), accuracy_m);
      if (pan) map.setView(marker.getLatLng(), Math.max(map.getZoom(), zoom), { animate: false });
    };
    const clearPin = () => {
      marker.remove();
      delete element.dataset.pin;
    };
    const showTown = () => map.fitBounds(data.view, { padding: [8, 8], animate: false });

    // Until the reader or the page moves the map it shows what it should, whatever becomes of its size.
    const resized = new ResizeObserver(() => map.invalidateSize({ animate: false, pan: false }));
    resized.observe(element);
    setCandidates(candidates);
    element.dataset.ready = "true";
    return {
      setCandidates, choose, setPin, clearPin, pin, showTown,
      focus: () => element.focus({ preventScroll: true }),
      remove: () => {
        resized.disconnect();
        map.remove();
        delete element.dataset.ready;
      },
    };
  };

  placeMap.load = async (url) => {
    const answer = await fetch(url, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
    return answer.json();
  };
  window.placeMap = placeMap;
})();
