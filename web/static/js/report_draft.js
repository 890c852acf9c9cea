// A report that is only half written survives a reload: kept on the phone for its writer until it is sent.
//
//   reportDraft(user) -> {read() -> {made, fields} or null, keep(fields), drop()}
//   Drafts of other persons, and those older than a day, are deleted once the form is opened.
"use strict";
window.reportDraft = (user) => {
  const PREFIX = "hotspots-draft:";
  const KEPT_MS = 86400000;
  const own = PREFIX + user;
  const attempt = (work) => {
    try {
      return work();
    } catch {
      return null; // a browser that keeps nothing: what is typed lives with the page
    }
  };
  const drop = () => attempt(() => localStorage.removeItem(own));
  const read = () => attempt(() => {
    const kept = JSON.parse(localStorage.getItem(own) || "null");
    if (!kept || !kept.fields || !(Date.now() - kept.made < KEPT_MS)) {
      drop();
      return null;
    }
    return kept;
  });
  const keep = (fields) => attempt(() => localStorage.setItem(own, JSON.stringify({ made: Date.now(), fields })));
  attempt(() => {
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith(PREFIX) && name !== own) localStorage.removeItem(name);
    }
  });
  return { read, keep, drop };
};
