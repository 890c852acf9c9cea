// Talks with the map in its frame: sends wishes, passes on each change of time.
"use strict";
(() => {
  const frame = document.getElementById("map");
  if (!frame) return;
  const listeners = [];
  let last = null;

  window.mapFrame = {
    /** Ask the map for another measure, window, position, or highlighted area. */
    set(fields) {
      frame.contentWindow.postMessage({ type: "hotspots:set", ...fields }, "*"); // a sandboxed frame has no origin to name
    },
    /** Call `listener` with every message about time, and at once with the last one. */
    onTime(listener) {
      listeners.push(listener);
      if (last) listener(last);
    },
  };

  const isTime = (data) => data && data.type === "hotspots:time" && Array.isArray(data.values);

  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow) return;
    if (isTime(event.data)) {
      last = event.data;
      for (const listener of listeners) listener(last);
    } else if (event.data && event.data.type === "hotspots:highlight") {
      document.dispatchEvent(new CustomEvent("area", { detail: { row: event.data.row, from: "map" } }));
    }
  });

  // A map that was ready before this page listened says its time again.
  frame.contentWindow.postMessage({ type: "hotspots:hello" }, "*");

  // A highlighted area is lit in the ranking, the table and on the map alike.
  document.addEventListener("area", (event) => {
    const { row, from } = event.detail;
    for (const lit of document.querySelectorAll(".lit")) lit.classList.remove("lit");
    if (Number.isInteger(row)) {
      for (const item of document.querySelectorAll(`[data-row="${row}"]`)) item.classList.add("lit");
    }
    if (from !== "map") window.mapFrame.set({ highlight: row });
  });
  const rowOf = (event) => event.target instanceof Element ? event.target.closest("[data-row]") : null;
  const light = (row) => document.dispatchEvent(new CustomEvent("area", { detail: { row, from: "page" } }));
  for (const name of ["mouseover", "focusin"]) {
    document.addEventListener(name, (event) => {
      const item = rowOf(event);
      if (item && !item.classList.contains("lit")) light(Number(item.dataset.row));
    });
  }
  for (const name of ["mouseout", "focusout"]) {
    document.addEventListener(name, (event) => {
      const item = rowOf(event);
      const next = event.relatedTarget instanceof Element ? event.relatedTarget.closest("[data-row]") : null;
      if (item && !next) light(null);
    });
  }
})();
