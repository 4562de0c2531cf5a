// Without network, serves the copy stored by offline_copy.js. Nothing else is cached.
const COPY = "offline-copy";
const PAGE = "/offline/";
const ABOUT = "/offline/about"; // metadata of the copy, not a page
const HOLDS = 7 * 24 * 60 * 60 * 1000; // milliseconds since the person's last visit

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch((error) => pageInstead(request, error)));
  else if (["style", "script", "image", "font"].includes(request.destination)) {
    event.respondWith(fetch(request).catch((error) => fileInstead(request, error)));
  }
});

async function openCopy(error) {
  const copy = await caches.open(COPY);
  const about = await (await copy.match(ABOUT))?.json();
  if (about && Date.now() - about.seen <= HOLDS) return copy;
  await caches.delete(COPY);
  throw error;
}

async function pageInstead(request, error) {
  const copy = await openCopy(error);
  const { pathname } = new URL(request.url);
  if (pathname === PAGE) return copy.match(PAGE);
  return Response.redirect(`${PAGE}#${pathname.split("/").filter(Boolean).at(-1) ?? ""}`);
}

async function fileInstead(request, error) {
  const found = await (await openCopy(error)).match(request);
  if (found) return found;
  throw error;
}
