// Where it happened: by GPS, on the map, or in words with suggestions that need no network.
//
//   reportWhere({urls, texts, poorAccuracyM, onChange}) -> {value() -> fields, set(fields), reset()}
"use strict";
window.reportWhere = ({ urls, texts, poorAccuracyM, onChange }) => {
  const at = (id) => document.getElementById(id);
  const [gps, opener, box, clear, state, input, list] = [
    "r-gps", "r-map-open", "r-map-box", "r-map-clear", "r-where-state", "r-place", "r-suggestions",
  ].map(at);
  const GOOD_M = 15;
  const LONGEST_MS = 15000;
  const SHOWN = 6;
  let place = null; // {placed_by, lon, lat, accuracy_m}
  let map = null;
  let ground = null;
  let watch = null;
  let end = 0;

  const say = (text, kind = "") => {
    state.hidden = !text;
    state.textContent = text;
    state.className = `r-where-state ${kind}`;
  };
  const fill = (text, n) => text.replace("{n}", String(n));

  const readGround = () => {
    ground ||= window.placeMap.load(urls.ground).catch((error) => {
      ground = null;
      throw error;
    });
    return ground;
  };

  const picked = (lon, lat) => {
    stop();
    place = { placed_by: "map", lon, lat };
    say(texts.picked, "good");
    onChange();
  };

  const openMap = async () => {
    box.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    if (map) return map;
    try {
      const data = await readGround();
      map ||= window.placeMap(at("r-map"), { data, onPick: picked });
      return map;
    } catch {
      box.hidden = true;
      opener.setAttribute("aria-expanded", "false");
      say(texts.noMap, "bad");
      return null;
    }
  };

  const stop = () => {
    if (watch !== null) navigator.geolocation.clearWatch(watch);
    watch = null;
    clearTimeout(end);
    gps.removeAttribute("aria-busy");
  };

  const found = async ({ coords }) => {
    if (watch === null) return;
    const accuracy = Math.max(1, Math.round(coords.accuracy));
    // The first positions of a phone are rough: the best of some seconds is taken.
    if (place && place.placed_by === "gps" && place.accuracy_m <= accuracy) return;
    place = { placed_by: "gps", lon: coords.longitude, lat: coords.latitude, accuracy_m: accuracy };
    const isPoor = accuracy > poorAccuracyM;
    say(fill(isPoor ? texts.poor : texts.found, accuracy), isPoor ? "warn" : "good");
    onChange();
    if (accuracy <= GOOD_M) stop();
    const shown = await openMap();
    if (shown && place && place.placed_by === "gps") shown.setPin(place.lon, place.lat, { accuracy_m: place.accuracy_m });
  };

  const failed = (error) => {
    if (watch === null) return;
    stop();
    if (place && place.placed_by === "gps") return;
    say(error && error.code === 1 ? texts.denied : texts.noGps, "bad");
  };

  gps.addEventListener("click", () => {
    stop();
    if (!navigator.geolocation) {
      say(texts.noGps, "bad");
      return;
    }
    place = null;
    say(texts.searching);
    gps.setAttribute("aria-busy", "true");
    watch = navigator.geolocation.watchPosition(found, failed, { enableHighAccuracy: true, timeout: LONGEST_MS, maximumAge: 0 });
    end = setTimeout(() => (place && place.placed_by === "gps" ? stop() : failed(null)), LONGEST_MS);
  });

  opener.addEventListener("click", async () => {
    if (!box.hidden) {
      box.hidden = true;
      opener.setAttribute("aria-expanded", "false");
      return;
    }
    const shown = await openMap();
    if (shown && place && place.lon !== undefined) shown.setPin(place.lon, place.lat, { accuracy_m: place.accuracy_m || 0 });
  });

  const forget = () => {
    stop();
    place = null;
    if (map) {
      map.clearPin();
      map.showTown();
    }
    box.hidden = true;
    opener.setAttribute("aria-expanded", "false");
    say("");
  };
  clear.addEventListener("click", () => {
    forget();
    onChange();
  });

  // --- suggestions: streets and landmarks, letters without accents
  const fold = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
  let names = null;
  const readNames = async () => {
    if (names) return names;
    const data = await readGround();
    const all = [...data.streets.map((one) => one.name), ...data.landmarks.map((one) => one.name)];
    names = [...new Set(all)].filter(Boolean).map((name) => ({ name, plain: fold(name) }));
    return names;
  };
  const close = () => {
    list.hidden = true;
    list.replaceChildren();
  };
  const suggest = async () => {
    const typed = fold(input.value.trim());
    let all;
    try {
      all = await readNames();
    } catch {
      return; // what is typed is taken all the same
    }
    if (typed.length < 2 || typed !== fold(input.value.trim())) return close();
    const starts = all.filter((one) => one.plain.startsWith(typed));
    const words = all.filter((one) => !one.plain.startsWith(typed) && one.plain.split(/[ .-]+/).some((word) => word.startsWith(typed)));
    const shown = [...starts, ...words].slice(0, SHOWN);
    if (!shown.length || (shown.length === 1 && shown[0].plain === typed)) return close();
    list.replaceChildren(...shown.map(({ name }) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = name;
      button.addEventListener("click", () => {
        input.value = `${name} `;
        close();
        input.focus();
        input.dispatchEvent(new Event("change"));
      });
      item.append(button);
      return item;
    }));
    list.hidden = false;
  };
  input.addEventListener("input", suggest);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (event.key === "ArrowDown" && !list.hidden) {
      event.preventDefault();
      list.querySelector("button").focus();
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target !== input && !list.contains(event.target)) close();
  });
  // In the background, so that the names are there when the network is not.
  readNames().catch(() => {});

  return {
    value: () => (place ? { ...place, place: input.value.trim() } : { placed_by: "text", place: input.value.trim() }),
    set: (fields) => {
      forget();
      input.value = fields.place || "";
      if (fields.lon !== undefined) {
        place = { placed_by: fields.placed_by, lon: fields.lon, lat: fields.lat };
        if (fields.accuracy_m) place.accuracy_m = fields.accuracy_m;
        say(place.placed_by === "gps" ? fill(texts.found, place.accuracy_m) : texts.picked, "good");
      }
    },
    reset: () => {
      forget();
      close();
      input.value = "";
    },
  };
};
