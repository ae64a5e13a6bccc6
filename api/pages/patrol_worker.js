// Serves the page where there is no network.  It keeps the page alone; what belongs to a shift the page keeps itself
// (patrol_take.js).  The service fills in the version, the path of the page and its files.
"use strict";

const SHELL = "gridwright-patrol-shell-$version";
const PAGE = "$page";
const FILES = new Set($files);
const PATIENCE_MS = 4000;
const TRUST_MS = 30000;
let goneAt = -Infinity;

async function keep() {
  const cache = await caches.open(SHELL);
  await Promise.all(
    [PAGE, ...FILES].map(async (path) => {
      const answer = await fetch(path, { cache: "no-store", credentials: "same-origin" });
      // A page to sign in with, or a problem, must not be kept in place of ours.
      if (!answer.ok || answer.redirected) throw new Error(path);
      await cache.put(path, answer);
    }),
  );
  await self.skipWaiting();
}

async function clean() {
  for (const name of await caches.keys()) {
    if (name.startsWith("gridwright-patrol-shell-") && name !== SHELL) await caches.delete(name);
  }
  await self.clients.claim();
}

async function kept(path) {
  return (await caches.open(SHELL)).match(path, { ignoreSearch: true, ignoreVary: true });
}

// The service's answer, or what is kept where it gives none that helps.
async function answer(request, path) {
  const ours = await kept(path);
  if (ours && (!self.navigator.onLine || Date.now() - goneAt < TRUST_MS)) return ours;
  const given = new Promise((take, refuse) => {
    setTimeout(() => refuse(new Error("late")), ours ? PATIENCE_MS : 120000);
    fetch(request).then(take, refuse);
  });
  try {
    const found = await given;
    // Signed out or broken: a shift that is kept can still be walked; the page says what is wrong.
    const helps = found.ok || found.status === 304;
    return helps || !ours ? found : ours;
  } catch (error) {
    if (!ours) throw error;
    goneAt = Date.now();
    return ours;
  }
}

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(clean()));
self.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (origin !== self.location.origin || event.request.method !== "GET") return;
  if (pathname === PAGE || FILES.has(pathname)) event.respondWith(answer(event.request, pathname));
});
