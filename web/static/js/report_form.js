// The report form: read, checked and kept on the phone before anything is sent; and the list of what is kept.
"use strict";
(async () => {
  const root = document.getElementById("report");
  const form = document.getElementById("r-form");
  if (!root || !form) return;
  const { urls, texts, language, personal, poorAccuracyM, user } = JSON.parse(root.dataset.parts);
  const at = (id) => document.getElementById(id);
  const find = window.reportPersonal(personal);
  const draft = window.reportDraft(user);
  let isDrafting = false; // once the form stands as it was left
  const where = window.reportWhere({ urls, texts, poorAccuracyM, onChange: () => keepDraft() });
  const store = await window.reportStore.open();
  const DAY_MS = 86400000;
  const CLOCK_SKEW_MS = 600000;
  let editing = null; // the entry being corrected
  let confirmedOld = false;
  let isTold = false; // that nothing is sent now, and why
  // A phone may pass from hand to hand: what one person wrote is neither shown nor sent as another's.
  const isMine = (entry) => !entry.user || entry.user === user;

  const make = (tag, name, text) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const checked = (name) => [...form.querySelectorAll(`input[name="${name}"]:checked`)];
  const fill = (text, values) => Object.entries(values).reduce((said, [name, value]) => said.replace(`{${name}}`, String(value)), text);
  const newId = () => {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    const hex = [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  };
  const say = (text, kind = "") => {
    const told = at("r-status");
    told.hidden = !text;
    told.textContent = text;
    told.className = `r-told ${kind}`;
  };
  const fault = (text, id) => {
    at("r-fault").hidden = !text;
    at("r-fault").textContent = text;
    if (text && id) at(id).scrollIntoView({ block: "center" });
    return !text;
  };

  // --- what: how many of each group are chosen
  const count = () => {
    for (const group of form.querySelectorAll(".r-group")) {
      const other = group.querySelector("input[type=text]");
      const n = group.querySelectorAll("input:checked").length + (other && other.value.trim() ? 1 : 0);
      const shown = group.querySelector(".r-count");
      shown.hidden = n === 0;
      shown.textContent = String(n);
    }
  };
  // One group open at a time keeps the buttons in reach of a thumb.
  for (const group of form.querySelectorAll(".r-group")) {
    group.addEventListener("toggle", () => {
      if (!group.open) return;
      for (const other of form.querySelectorAll(".r-group[open]")) if (other !== group) other.open = false;
    });
  }

  // --- when
  const localDay = (date) => [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((n) => String(n).padStart(2, "0")).join("-");
  const showWhen = () => {
    const isEarlier = form.elements.when.value === "earlier";
    at("r-earlier").hidden = !isEarlier;
    at("r-day").max = localDay(new Date());
    if (isEarlier && !at("r-day").value) at("r-day").value = localDay(new Date());
  };

  // --- measures: none and some exclude each other
  const tidyMeasures = (changed) => {
    for (const one of checked("measures")) {
      if (one !== changed && (changed.value === "none") !== (one.value === "none")) one.checked = false;
    }
  };

  // --- personal data, said where it is typed
  const look = (field) => {
    const found = find(field.value);
    let warning = field.parentElement.querySelector(`.r-personal[data-of="${field.id}"]`);
    if (!warning) {
      warning = make("p", "r-personal");
      warning.dataset.of = field.id;
      warning.setAttribute("role", "status");
      field.after(warning);
    }
    warning.hidden = found.length === 0;
    warning.textContent = found.map((kind) => texts.personal[kind]).join(" ");
    warning.classList.toggle("bad", found.includes("birth_number"));
    return found;
  };
  const typed = [...form.querySelectorAll("[data-personal]")];
  for (const field of typed) for (const name of ["input", "change"]) field.addEventListener(name, () => look(field));

  form.addEventListener("change", (event) => {
    if (event.target.name === "measures" && event.target.checked) tidyMeasures(event.target);
    if (event.target.name === "when") showWhen();
    confirmedOld = false;
    count();
    fault("");
    keepDraft();
  });
  form.addEventListener("input", () => {
    count();
    keepDraft();
  });

  // --- reading the form
  const read = () => {
    const fields = {
      things: checked("things").map((one) => one.value),
      other: at("r-other").value.trim(),
      when: form.elements.when.value,
      ...where.value(),
      measures: checked("measures").map((one) => one.value),
      discovered_by: form.elements.discovered_by.value,
      note: at("r-note").value.trim(),
      reported_at: new Date().toISOString(),
    };
    if (fields.when === "earlier") Object.assign(fields, { day: at("r-day").value, from: at("r-from").value, to: at("r-to").value });
    return fields;
  };

  // --- what is half written stays for a reload; what is being corrected is kept already
  const keepDraft = () => {
    if (!isDrafting || editing) return;
    const fields = read();
    const isBegun = fields.things.length || fields.other || fields.note || fields.place || fields.measures.length || fields.lon !== undefined;
    if (isBegun) draft.keep(fields);
    else draft.drop();
  };
  window.addEventListener("pagehide", () => keepDraft());
  document.addEventListener("submit", (event) => {
    if (event.target.id === "r-form" || !String(event.target.action).includes("/sign-out")) return;
    isDrafting = false;
    draft.drop(); // the phone may go to somebody else
  });

  const isRight = (fields) => {
    if (!fields.things.length && !fields.other) return fault(texts.things, "r-what");
    if (fields.when === "earlier") {
      if (!fields.day) return fault(texts.day, "r-when");
      if (!fields.from && fields.to) return fault(texts.begin, "r-when");
      const moment = new Date(`${fields.day}T${fields.from || "00:00"}`).getTime();
      if (moment > Date.now() + CLOCK_SKEW_MS) return fault(texts.future, "r-when");
      if (moment < Date.now() - 365 * DAY_MS) {
        if (!confirmedOld) {
          confirmedOld = true;
          return fault(texts.old, "r-when");
        }
        fields.confirmed_old = true;
      }
    }
    if (fields.placed_by === "text" && !fields.place) return fault(texts.where, "r-where");
    for (const field of typed) if (look(field).includes("birth_number")) return fault(texts.personal.birth_number, field.id);
    return fault("");
  };

  /** What stays of a report once it is sent: the time, the kind and the place, no free text. */
  const summarise = (fields) => {
    const groups = [...form.querySelectorAll(".r-group")].filter((group) => group.querySelector("input:checked"));
    const names = groups.map((group) => group.querySelector(".r-name").textContent);
    if (fields.other) names.push(texts.other);
    const time = fields.when === "now" ? new Date().toLocaleTimeString(language, { hour: "numeric", minute: "2-digit" })
      : fields.when === "unknown" ? texts.unknownTime
        : [new Date(`${fields.day}T00:00`).toLocaleDateString(language, { day: "numeric", month: "numeric" }), [fields.from, fields.to].filter(Boolean).join("–")].filter(Boolean).join(" ");
    const spot = fields.place || (fields.placed_by === "gps" ? texts.byGps : texts.onMap);
    return { what: names.join(", "), time, place: spot };
  };

  const clearForm = () => {
    form.reset();
    form.elements.discovered_by.value = "patrol";
    for (const one of form.querySelectorAll("input[type=checkbox]")) one.checked = false;
    for (const field of typed) field.value = "";
    form.elements.when.value = "now";
    for (const name of ["r-day", "r-from", "r-to"]) at(name).value = "";
    for (const group of form.querySelectorAll(".r-group[open]")) group.open = false;
    where.reset();
    for (const field of typed) look(field);
    confirmedOld = false;
    editing = null;
    at("r-cancel").hidden = true;
    showWhen();
    count();
    fault("");
  };

  const fillForm = (fields) => {
    clearForm();
    for (const name of ["things", "measures"]) {
      for (const one of form.querySelectorAll(`input[name="${name}"]`)) one.checked = fields[name].includes(one.value);
    }
    at("r-other").value = fields.other;
    at("r-note").value = fields.note;
    form.elements.discovered_by.value = fields.discovered_by;
    form.elements.when.value = fields.when;
    for (const [id, name] of [["r-day", "day"], ["r-from", "from"], ["r-to", "to"]]) at(id).value = fields[name] || "";
    where.set(fields);
    for (const field of typed) look(field);
    showWhen();
    count();
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.dataset.busy) return; // a slow finger
    const fields = read();
    if (!isRight(fields)) return;
    form.dataset.busy = "true";
    try {
      const id = editing ? editing.id : newId();
      fields.report_id = id;
      // A corrected report keeps the time at which it was written, by which "now" is told.
      if (editing && editing.fields.when === fields.when) fields.reported_at = editing.fields.reported_at;
      const entry = {
        id, user, state: "unsent", made: editing ? editing.made : Date.now(), fields, summary: summarise(fields),
        tries: 0, correct: Boolean(editing && (editing.correct || editing.tries)),
      };
      await store.put(entry);
      if (!editing) draft.drop();
      clearForm();
      say(store.durable ? texts.saving : texts.cannotKeep, "wait");
      root.dataset.last = id;
      window.scrollTo({ top: 0 });
      await show();
      sender.now();
    } finally {
      delete form.dataset.busy;
    }
  });
  at("r-cancel").addEventListener("click", async () => {
    if (editing) await store.put(editing);
    clearForm();
    say("");
    restoreDraft();
    await show();
    sender.now();
  });

  // --- the list
  const act = (text, work) => {
    const button = make("button", "r-link", text);
    button.type = "button";
    button.addEventListener("click", async () => {
      button.disabled = true;
      await work(button);
      await show();
    });
    return button;
  };
  const edit = (entry) => async () => {
    if (editing) await store.put(editing);
    const kept = (await store.all()).find((one) => one.id === entry.id);
    if (!kept || !kept.fields) return; // it has been sent meanwhile
    await store.put({ ...kept, state: "draft" });
    fillForm(kept.fields);
    editing = kept;
    at("r-cancel").hidden = false;
    say(texts.correcting, "wait");
    window.scrollTo({ top: 0 });
  };
  const takeBack = (entry) => async () => {
    try {
      await sender.undo(entry.id);
      await store.put({ ...entry, state: "withdrawn" });
      say("");
    } catch (error) {
      say(fill(texts.undoFault, { reason: navigator.onLine ? error.message : texts.offline }), "bad");
    }
  };
  const row = (entry) => {
    const item = make("li", `r-item ${entry.state}`);
    item.dataset.id = entry.id;
    const text = make("p", "r-summary");
    if (!isMine(entry)) {
      text.append(make("strong", "", texts.others));
      item.append(text, make("p", "r-reason", fill(texts.held, { name: entry.user })));
      return item;
    }
    text.append(make("strong", "", entry.summary.what), ` · ${entry.summary.time} · ${entry.summary.place}`);
    item.append(text, make("span", "r-state", texts.state[entry.state]));
    if (entry.reason) item.append(make("p", "r-reason", entry.reason));
    const acts = make("p", "r-acts");
    if (entry.state === "sent") acts.append(act(texts.undo, takeBack(entry)));
    if (entry.state === "unsent" || entry.state === "rejected") {
      acts.append(act(texts.edit, edit(entry)));
      acts.append(act(texts.drop, async () => { if (window.confirm(texts.dropAsk)) await store.drop(entry.id); }));
    }
    if (acts.childElementCount) item.append(acts);
    return item;
  };
  const show = async () => {
    const today = new Date().setHours(0, 0, 0, 0);
    const entries = await store.all();
    const shown = [];
    for (const entry of entries) {
      const isOver = entry.state === "sent" || entry.state === "withdrawn";
      if (isOver && entry.made < today) await store.drop(entry.id);
      else if (entry.state !== "draft" && (isMine(entry) || !isOver)) shown.push(entry);
    }
    const order = { rejected: 0, unsent: 1, sent: 2, withdrawn: 3 };
    shown.sort((one, two) => order[one.state] - order[two.state] || two.made - one.made);
    at("r-list").replaceChildren(...shown.map(row));
    at("r-list-panel").hidden = shown.length === 0;
    const n = shown.filter((entry) => entry.state === "unsent" && isMine(entry)).length;
    at("r-waiting").hidden = n === 0;
    at("r-waiting").textContent = fill(texts.waiting, { n });
    root.dataset.unsent = String(n);
    if (isTold && n === 0) {
      isTold = false;
      say("");
    }
    const last = shown.find((entry) => entry.id === root.dataset.last);
    if (last && last.state === "sent") {
      say(texts.sent, "good");
      at("r-status").append(" ", act(texts.undo, takeBack(last)));
    } else if (last && last.state === "rejected") {
      say(last.reason, "bad");
    } else if (last && last.state === "withdrawn") {
      say(texts.state.withdrawn, "");
    }
    if (last && last.state !== "unsent") delete root.dataset.last;
  };

  const sender = window.reportSend({
    store, urls, texts,
    onChange: async (told, link) => {
      if (told) {
        isTold = true;
        say(told, "bad");
      }
      if (link) {
        const onwards = make("a", "r-onwards", link.text);
        onwards.href = link.href;
        at("r-status").append(" ", onwards);
      }
      await show();
    },
  });

  /** Fill in what was half written; "now" was then. */
  const restoreDraft = () => {
    const NOW_MS = 600000;
    const kept = draft.read();
    if (kept) {
      const { made, fields } = kept;
      if (fields.when === "now" && Date.now() - made > NOW_MS) {
        const then = new Date(made);
        const time = [then.getHours(), then.getMinutes()].map((n) => String(n).padStart(2, "0")).join(":");
        Object.assign(fields, { when: "earlier", day: localDay(then), from: time, to: "" });
      }
      try {
        fillForm(fields);
        say(texts.drafted, "wait");
        const discard = make("button", "r-link", texts.discard);
        discard.type = "button";
        discard.addEventListener("click", () => {
          clearForm();
          draft.drop();
          say("");
        });
        at("r-status").append(" ", discard);
      } catch {
        clearForm();
        draft.drop(); // of another version of the form
      }
    }
    isDrafting = true;
  };

  // --- the form without a network
  const keepOffline = async () => {
    if (!("serviceWorker" in navigator)) return;
    try {
      await navigator.serviceWorker.register(urls.worker, { scope: urls.scope, updateViaCache: "none" });
      const ready = await navigator.serviceWorker.ready;
      navigator.serviceWorker.addEventListener("message", (event) => {
        if (!event.data || event.data.kept === undefined) return;
        at("r-offline").hidden = !event.data.kept;
        if (event.data.kept) root.dataset.offline = "ready";
      });
      const own = performance.getEntriesByType("resource").map((one) => one.name).filter((url) => new URL(url).searchParams.has("v"));
      ready.active.postMessage({ keep: [window.location.href.split("#")[0], urls.ground, ...own] });
    } catch {
      // a browser that forbids workers: reports are kept all the same, the page is not
    }
  };

  for (const entry of await store.all()) if (entry.state === "draft") await store.put({ ...entry, state: "unsent" });
  form.noValidate = true;
  showWhen();
  count();
  restoreDraft();
  await show();
  root.dataset.ready = "true";
  sender.now();
  keepOffline();
})();
