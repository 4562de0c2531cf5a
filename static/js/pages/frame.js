// On every page: keep the position when the language is switched, announce a lost network and the end of the session,
// open the search by a key. Store the offline copy of the signed-in person, and delete it when they sign out.
import { asksForSearch } from "../search_key.js";

const AT_THE_TOP = 60; // pixels
const SESSION_AFTER = 3000; // milliseconds; no session ends that soon after a request
const COPY = "offline-copy"; // also in offline_copy.js and service_worker.js
const ABOUT = "/offline/about";
const SIGN_OUT = "[data-sign-out], #logout-form"; // the second one is in Django's admin

const opened = Date.now();
const switching = document.querySelector("[data-language]");
const network = document.querySelector("[data-network]");
const session = document.querySelector("[data-session]");

switching?.addEventListener("submit", () => {
  const parts = [...document.querySelectorAll("main :is(h2, h3, section)[id]")];
  const passed = parts.filter((part) => part.offsetParent && part.getBoundingClientRect().top < AT_THE_TOP);
  if (scrollY > 0 && passed.length) switching.elements.next.value += `#${passed.pop().id}`;
});

async function tellNetwork() {
  network.textContent = navigator.onLine ? "" : network.dataset.network;
  if (navigator.onLine || !(await hasCopy())) return;
  const link = document.createElement("a");
  link.href = network.dataset.copyAddress;
  link.textContent = network.dataset.copy;
  network.append(" ", link);
}

async function hasCopy() {
  if (!navigator.serviceWorker?.controller) return false;
  return Boolean(await caches.match(ABOUT, { cacheName: COPY }).catch(() => undefined));
}

/** Without network, stay on this page; the browser would show its error page. */
function stay(event) {
  if (event.defaultPrevented || navigator.onLine) return;
  event.preventDefault();
  network.textContent = ""; // announce again
  setTimeout(tellNetwork, 50);
}

addEventListener("keydown", (event) => {
  const link = document.querySelector("[data-search]");
  if (!link || !asksForSearch(event)) return;
  event.preventDefault();
  const field = document.querySelector("main input[type=search]");
  if (field) field.select();
  else link.click(); // `stay` stops it without network
});
addEventListener("online", tellNetwork);
addEventListener("offline", tellNetwork);
// On the window, so that the page's own script, which sends again, runs first.
addEventListener("submit", stay);
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  const isHere = link?.hash && link.href.split("#")[0] === location.href.split("#")[0];
  if (link && !isHere && !network.contains(link) && /^https?:$/.test(link.protocol)) stay(event);
});
addEventListener("submit", async (event) => {
  if (!event.target.matches(SIGN_OUT) || !("caches" in window)) return;
  const isLeaving = !event.defaultPrevented;
  event.preventDefault();
  await caches.delete(COPY).catch(() => {});
  if (isLeaving) event.target.submit();
});
tellNetwork();

async function watchSession() {
  try {
    const module = await import("../session.js");
    module.watchSession(session, opened);
  } catch {
    // No network: the sign-in page explains it afterwards, as without a script.
  }
}

async function keepReadingCopy() {
  try {
    const module = await import("../offline_copy.js");
    await module.keepCopy(session.dataset.reader, document.documentElement.lang);
  } catch {
    // No network, no space or no storage: the next page tries again.
  }
}

if (session) setTimeout(watchSession, SESSION_AFTER);
if (session && "serviceWorker" in navigator && "caches" in window) setTimeout(keepReadingCopy, SESSION_AFTER);
