// Filters act at once on a wide screen; in the sheet of a phone the button sends them.
"use strict";
(() => {
  const form = document.getElementById("filters");
  if (!form) return;
  const narrow = window.matchMedia("(max-width: 760px)");

  const showOwn = () => {
    for (const pair of form.querySelectorAll("[data-own]")) {
      const chosen = form.querySelector(`[name="${pair.dataset.own}"]:checked`);
      pair.hidden = !chosen || chosen.value !== "own";
    }
  };

  /** Build the short form of the query string: lists joined, defaults and empty fields left out. */
  const query = () => {
    const data = new FormData(form);
    const fields = new Map();
    for (const [name, value] of data) {
      if (value === "") continue;
      fields.set(name, fields.has(name) ? fields.get(name) + "," + value : value);
    }
    const when = fields.get("when");
    if (when !== "own") { fields.delete("from"); fields.delete("to"); }
    if (when === "own" || when === "all") fields.delete("when");
    if (fields.get("hours") === "own") fields.set("hours", fields.get("hour_from") + "-" + fields.get("hour_to"));
    if (fields.get("hours") === "0-24") fields.delete("hours");
    fields.delete("hour_from");
    fields.delete("hour_to");
    const defaults = { every: "month", by: "street", measure: "count" };
    for (const [name, value] of Object.entries(defaults)) if (fields.get(name) === value) fields.delete(name);
    const now = new URLSearchParams(window.location.search);
    if (now.has("window")) fields.set("window", now.get("window"));
    return [...fields].map(([name, value]) => name + "=" + encodeURIComponent(value).replaceAll("%2C", ",")).join("&");
  };

  const go = () => {
    if (!form.reportValidity()) return;
    const text = query();
    window.location.assign(form.getAttribute("action") + (text ? "?" + text : ""));
  };

  let pending = 0;
  const goSoon = (delay) => {
    window.clearTimeout(pending);
    pending = window.setTimeout(go, delay);
  };

  form.addEventListener("submit", (event) => { event.preventDefault(); go(); });
  form.addEventListener("change", (event) => {
    showOwn();
    const field = event.target;
    if (field.name === "measure" && window.mapFrame) {
      window.mapFrame.set({ measure: field.value });
      return;
    }
    if (narrow.matches) return;
    if (["when", "hours"].includes(field.name) && field.value === "own") return;
    if (["from", "to"].includes(field.name) && !(form.elements.from.value && form.elements.to.value)) return;
    goSoon(field.type === "checkbox" ? 700 : 150); // several boxes are often ticked in a row
  });
  window.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && window.location.hash === "#filters") window.location.hash = "content";
  });
  window.addEventListener("hashchange", () => {
    if (window.location.hash === "#filters") form.querySelector("input:not([type=hidden])")?.focus();
  });
  window.addEventListener("pageshow", showOwn);
  showOwn();
})();
