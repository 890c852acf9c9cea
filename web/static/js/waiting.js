// The page of waiting places: the map, the search as one types, and the keyboard. Works without it, more slowly.
"use strict";
(() => {
  const root = document.getElementById("waiting");
  const form = document.getElementById("decide");
  const source = document.getElementById("source");
  if (source) source.addEventListener("change", () => source.form.submit());
  const undoLast = () => document.querySelector(".notice .undo, #history .undo")?.requestSubmit();

  const keys = document.getElementById("keys");
  const go = (name) => { if (root.dataset[name]) window.location.assign(root.dataset[name]); };
  // Once a form is on its way nothing more is sent from this page.
  let sent = false;
  for (const one of document.querySelectorAll("form[method=post]")) {
    one.addEventListener("submit", (event) => {
      if (sent) event.preventDefault();
      sent = true;
    });
  }
  window.addEventListener("pageshow", () => { sent = false; });

  if (!form) {
    document.addEventListener("keydown", (event) => {
      if (event.key === "z" && !event.ctrlKey && !event.metaKey && !event.target.closest("input, select, textarea")) undoLast();
    });
    return;
  }

  const list = document.getElementById("candidates");
  const nothing = document.getElementById("nothing");
  const title = document.getElementById("candidates-title");
  const search = document.getElementById("q");
  const typed = document.getElementById("typed");
  const pin = document.getElementById("pin");
  const pinText = document.getElementById("pin-text");
  const label = document.getElementById("label");
  const outside = document.getElementById("outside");
  const lon = document.getElementById("lon");
  const lat = document.getElementById("lat");
  const suggested = JSON.parse(list.dataset.candidates);
  const element = document.getElementById("place-map");
  let map = null;
  let shown = typed.value ? readRows() : suggested;

  function readRows() {
    return [...list.querySelectorAll("input")].map((input) => ({
      value: input.value, label: input.closest("label").querySelector(".what span").textContent, detail: input.closest("label").querySelector("small").textContent,
      lon: Number(input.dataset.lon), lat: Number(input.dataset.lat), precision_m: Number(input.dataset.precision),
    }));
  }

  const make = (tag, name, text) => {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text !== undefined) made.textContent = text;
    return made;
  };

  const radios = () => [...list.querySelectorAll("input")];
  const chosenIndex = () => radios().findIndex((input) => input.checked);
  const isChosen = () => Boolean(form.querySelector("input[name=choice]:checked"));

  /** The map follows what is chosen in the list. */
  const follow = () => {
    const index = chosenIndex();
    if (map) map.choose(index >= 0 ? index : null);
    // Should another person be first, the page can still say what was chosen here.
    label.value = index >= 0 ? shown[index].label : "";
  };

  const choose = (index) => {
    const input = radios()[index];
    if (!input) return;
    input.checked = true;
    input.focus({ preventScroll: true });
    input.closest("label").scrollIntoView({ block: "nearest" });
    follow();
  };

  const show = (rows, isFound) => {
    shown = rows;
    list.replaceChildren(...rows.map((one, k) => {
      const label = make("label", "candidate");
      const input = make("input");
      Object.assign(input, { type: "radio", name: "choice", value: one.value });
      const what = make("span", "what");
      const said = make("span", "", one.label);
      said.dir = "auto";
      what.append(said, make("small", "", one.detail));
      label.append(input, make("span", "number", String(k + 1)), what);
      return label;
    }));
    const kind = isFound ? "found" : "own";
    title.textContent = title.dataset[kind];
    nothing.textContent = nothing.dataset[kind];
    nothing.hidden = rows.length > 0;
    if (map) map.setCandidates(rows, { fit: rows.length > 0 });
    follow();
  };

  // --- the search as one types; an answer that comes late is dropped
  let asked = 0;
  let waiting = 0;
  const ask = async () => {
    const text = search.value.trim();
    asked += 1;
    const mine = asked;
    if (text.length < 2) {
      typed.value = "";
      show(suggested, false);
      return;
    }
    const url = new URL(search.dataset.search, window.location.href);
    url.searchParams.set("q", text);
    try {
      const answer = await fetch(url, { credentials: "same-origin" });
      if (!answer.ok || mine !== asked) return;
      const { results } = await answer.json();
      if (mine !== asked) return;
      typed.value = text;
      show(results, true);
    } catch { /* the server does not answer: the list stays, and Enter asks by the page */ }
  };
  search.addEventListener("input", () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(ask, 180);
  });
  search.form.addEventListener("submit", async (event) => {
    event.preventDefault();
    window.clearTimeout(waiting);
    await ask();
    if (shown.length) choose(0);
  });

  // --- the pin
  let told = 0;
  const describe = async () => {
    told += 1;
    const mine = told;
    const url = new URL(form.dataset.at, window.location.href);
    url.searchParams.set("lon", lon.value);
    url.searchParams.set("lat", lat.value);
    try {
      const answer = await fetch(url, { credentials: "same-origin" });
      if (!answer.ok || mine !== told) return;
      const found = await answer.json();
      if (mine !== told) return;
      pinText.textContent = found.refused || found.outside || found.text;
      outside.hidden = !found.outside;
      if (!found.outside) outside.querySelector("input").checked = false;
    } catch { pinText.textContent = ""; }
  };
  let later = 0;
  const onPick = (east, north) => {
    lon.value = east.toFixed(6);
    lat.value = north.toFixed(6);
    pin.checked = true;
    follow();
    window.clearTimeout(later);
    later = window.setTimeout(describe, 200);
  };
  const fromNumbers = () => {
    const [east, north] = [lon, lat].map((field) => Number(field.value.trim().replace(",", ".") || NaN));
    if (!Number.isFinite(east) || !Number.isFinite(north) || Math.abs(north) > 85 || Math.abs(east) > 180) return;
    pin.checked = true;
    if (map) map.setPin(east, north);
    follow();
    describe();
  };
  lon.addEventListener("change", fromNumbers);
  lat.addEventListener("change", fromNumbers);
  form.addEventListener("change", (event) => { if (event.target.name === "choice") follow(); });

  // --- notes, one at a time, on request
  form.addEventListener("click", async (event) => {
    const link = event.target.closest("a.note");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    try {
      const answer = await fetch(link.href, { credentials: "same-origin", headers: { Accept: "application/json" }, cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const note = make("span", "told", (await answer.json()).note);
      note.dir = "auto";
      note.tabIndex = -1;
      link.replaceWith(note);
      note.focus();
    } catch { window.location.assign(link.href); }
  });

  // --- the keyboard
  const press = (name) => form.querySelector(`button[value=${name}]`)?.click();
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const field = event.target;
    if (field === search) {
      if (event.key === "Escape") {
        search.value = "";
        ask();
        search.blur();
      } else if (event.key === "ArrowDown" && shown.length) {
        event.preventDefault();
        choose(0);
      }
      return;
    }
    if (field.matches("select, textarea, summary, input:not([type=radio], [type=checkbox])")) return;
    const isControl = Boolean(field.closest("a, button, input[type=checkbox], input[name=only]"));
    const number = /^[1-8]$/.test(event.key) ? Number(event.key) - 1 : -1;
    if (number >= 0) choose(number);
    else if (event.key === "j" || (event.key === "ArrowDown" && field === document.body)) go("next");
    else if (event.key === "k" || (event.key === "ArrowUp" && field === document.body)) go("previous");
    else if (event.key === "/") { search.focus(); search.select(); }
    else if (event.key === "m" && element) { element.scrollIntoView({ block: "nearest" }); map?.focus(); }
    else if (event.key === "Enter" && !isControl) { if (isChosen()) press("place"); }
    else if (event.key === "n") press("give_up");
    else if (event.key === "z") undoLast();
    else if (event.key === "?") keys.hidden = !keys.hidden;
    else if (event.key === "Escape" && field === element) element.blur();
    else return;
    event.preventDefault();
  });

  document.querySelector(".texts a[aria-current]")?.scrollIntoView({ block: "nearest" });

  const start = async () => {
    if (!element) return;
    const data = await window.placeMap.load(element.dataset.ground);
    map = window.placeMap(element, { data, onPick, candidates: shown, onCandidate: choose });
    follow();
    const [east, north] = [lon, lat].map((field) => Number(field.value.replace(",", ".") || NaN));
    if (pin.checked && Number.isFinite(east) && Number.isFinite(north)) {
      map.setPin(east, north);
      describe();
    }
  };
  start().catch(() => { /* without its ground there is no map; list, search and numbers remain */ });
})();
