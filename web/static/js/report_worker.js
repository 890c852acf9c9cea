// Keeps the report form for when there is no network; everything else goes its way untouched.
// CONTENT stands before: {name, page, ground, kept}; its name changes with what it keeps.
const PREFIX = "report-";
const PATIENCE_MS = 4000;

// What was asked for, not the sign-in page that another answer led to.
const isItself = (answer) => answer.ok && !answer.redirected;

const keep = async (urls) => {
  const cache = await caches.open(CONTENT.name);
  // A redirect leads to the sign-in page, which is never kept as the form. One by one: a file that is missing must not cost all the others.
  const tried = await Promise.allSettled(urls.map(async (url) => {
    const answer = await fetch(url, { credentials: "same-origin", cache: "no-cache", redirect: "error" });
    if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
    await cache.put(url, answer);
  }));
  return tried.every((one) => one.status === "fulfilled");
};

const keptFirst = async (request) => {
  const cache = await caches.open(CONTENT.name);
  const found = await cache.match(request, { ignoreVary: true });
  if (found) return found;
  const answer = await fetch(request);
  if (isItself(answer)) await cache.put(request, answer.clone());
  return answer;
};

const freshFirst = async (request, fallback) => {
  const cache = await caches.open(CONTENT.name);
  const fresh = fetch(request).then(async (answer) => {
    if (isItself(answer)) await cache.put(request, answer.clone());
    return answer;
  });
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  const kept = async () => (await cache.match(request, { ignoreVary: true })) || cache.match(fallback, { ignoreSearch: true, ignoreVary: true });
  try {
    const first = await Promise.race([fresh, late]);
    if (first && first.status < 500) return first;
  } catch {
    // no network
  }
  return (await kept()) || fresh;
};

self.addEventListener("install", (event) => {
  event.waitUntil(keep(CONTENT.kept).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith(PREFIX) && name !== CONTENT.name) await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

self.addEventListener("message", (event) => {
  if (!event.data || !Array.isArray(event.data.keep)) return;
  const own = event.data.keep.filter((url) => new URL(url, self.location.href).origin === self.location.origin);
  event.waitUntil(keep(own).then((done) => event.source.postMessage({ kept: done })));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  const isPage = request.mode === "navigate";
  if (url.pathname === CONTENT.page && isPage) event.respondWith(freshFirst(request, CONTENT.page));
  else if (isPage) return;
  else if (url.pathname === CONTENT.ground) event.respondWith(freshFirst(request, CONTENT.ground));
  else if (url.searchParams.has("v")) event.respondWith(keptFirst(request));
});
