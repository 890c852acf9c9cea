// Sends what waits on the phone, one report after another, each until the server has said what became of it.
//
//   reportSend({store, urls, texts, onChange}) -> {now(), undo(id)}
//   A report bears its own id, so one whose answer was lost is sent again without harm.
"use strict";
window.reportSend = ({ store, urls, texts, onChange }) => {
  const FIRST_MS = 3000;
  const LONGEST_MS = 120000;
  const ANSWER_MS = 30000;
  let wait = FIRST_MS;
  let timer = 0;
  let running = null;
  let again = false;

  const ask = async (url, options = {}) => {
    const stop = new AbortController();
    const late = setTimeout(() => stop.abort(), ANSWER_MS);
    try {
      const answer = await fetch(url, { cache: "no-store", credentials: "same-origin", signal: stop.signal, ...options });
      const isJson = (answer.headers.get("Content-Type") || "").startsWith("application/json");
      return { status: answer.status, body: isJson ? await answer.json() : null };
    } finally {
      clearTimeout(late);
    }
  };

  // A token of the page that was kept may be of a session that is over.
  const fresh = async () => {
    const { status, body } = await ask(urls.token);
    if (status === 401 || status === 403) return { status, body };
    if (!body || !body.token) throw new Error("token");
    return { status: 200, body };
  };
  const post = (url, token, user, content) => ask(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token, "X-Written-By": encodeURIComponent(user) },
    body: JSON.stringify(content),
  });

  /** Say why nothing is sent now. */
  const tell = (status) => {
    if (status === 401) onChange(texts.signedOut, { href: urls.signIn, text: texts.signIn });
    else onChange(status === 403 ? texts.forbidden : "");
    return false;
  };

  /** Send one report; true where the server has said what became of it, or it is not for this person to send. */
  const sendOne = async (entry) => {
    const asked = await fresh();
    if (asked.status !== 200) return tell(asked.status);
    const user = entry.user || asked.body.user;
    if (user !== asked.body.user) return true; // it waits for who wrote it
    await store.put({ ...entry, tries: (entry.tries || 0) + 1 });
    const { status, body } = await post(urls.send, asked.body.token, user, { ...entry.fields, correct: Boolean(entry.correct) });
    if (status === 409 && body && body.kind === "other_user") return true; // somebody else has just signed in
    if (status === 200 && body) {
      // What was sent leaves the phone: the time, the kind and the place stay for the day.
      await store.put({ id: entry.id, user, state: "sent", made: entry.made, summary: entry.summary });
      return true;
    }
    if (status === 409 && body && body.kind === "withdrawn") {
      await store.put({ id: entry.id, user, state: "withdrawn", made: entry.made, summary: entry.summary });
      return true;
    }
    if ((status === 400 || status === 409) && body && body.kind) {
      await store.put({ ...entry, state: "rejected", reason: body.error, tries: (entry.tries || 0) + 1, correct: entry.correct || status === 409 });
      return true;
    }
    if (status === 413) {
      await store.put({ ...entry, state: "rejected", reason: "413", tries: (entry.tries || 0) + 1 });
      return true;
    }
    return tell(status);
  };

  const sendAll = async () => {
    const waiting = (await store.all()).filter((entry) => entry.state === "unsent");
    waiting.sort((one, two) => one.made - two.made);
    for (const { id } of waiting) {
      // Another tab may have sent or changed it meanwhile.
      const entry = (await store.all()).find((one) => one.id === id && one.state === "unsent");
      if (entry && !(await sendOne(entry))) return false;
      onChange("");
    }
    return true;
  };

  const alone = (work) => (navigator.locks ? navigator.locks.request("hotspots-reports", work) : work());

  const now = () => {
    if (running) {
      again = true;
      return running;
    }
    clearTimeout(timer);
    running = (async () => {
      let done = false;
      try {
        done = await alone(sendAll);
      } catch {
        done = false; // no network, or an answer that was lost
      }
      running = null;
      wait = done ? FIRST_MS : Math.min(LONGEST_MS, wait * 2);
      if (!done || again) timer = setTimeout(now, again ? 50 : wait);
      again = false;
      onChange("");
    })();
    return running;
  };

  const undo = async (id) => {
    const asked = await fresh();
    if (asked.status !== 200) throw new Error(asked.status === 401 ? texts.signedOut : asked.body.error);
    const { status, body } = await post(urls.undo, asked.body.token, asked.body.user, { report_id: id });
    if (status !== 200) throw new Error(body ? body.error : texts.offline);
  };

  const soon = () => {
    wait = FIRST_MS;
    now();
  };
  window.addEventListener("online", soon);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
  return { now: soon, undo };
};
