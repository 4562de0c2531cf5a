// Stores the offline copy of the signed-in person; service_worker.js shows it.
const COPY = "offline-copy";
const PAGE = "/offline/";
const ABOUT = "/offline/about";
const FRESH = 10 * 60 * 1000; // milliseconds

/** What to do with the copy described by `about`: "keep" (store anew), "replace" or "nothing". */
export function due(about, { reader, language, now }) {
  if (!about) return "keep";
  if (about.reader !== reader) return "replace";
  const isFresh = about.language === language && Math.abs(now - about.kept) < FRESH;
  return isFresh ? "nothing" : "keep";
}

/** `reader` is a pseudonym of the person. Resolves to whether there is a copy. */
export async function keepCopy(reader, language, now = Date.now()) {
  await navigator.serviceWorker.register("/service-worker.js");
  let copy = await caches.open(COPY);
  const about = await (await copy.match(ABOUT))?.json();
  const what = due(about, { reader, language, now });
  if (what === "nothing") {
    await tell(copy, { ...about, seen: now });
    return true;
  }
  if (what === "replace") {
    await caches.delete(COPY);
    copy = await caches.open(COPY);
  }
  const page = await fetch(PAGE, { redirect: "error" });
  if (page.status !== 200 || !(await keep(copy, page, reader))) return false;
  await tell(copy, { reader, language, kept: now, seen: now });
  return true;
}

const tell = (copy, about) => copy.put(ABOUT, new Response(JSON.stringify(about)));

/** Store the page and its files and delete all others. Store nothing if it is another person's page. */
async function keep(copy, page, reader) {
  const shown = new DOMParser().parseFromString(await page.clone().text(), "text/html");
  if (shown.querySelector("meta[name=reader]")?.content !== reader) return false;
  const named = shown.querySelectorAll("link[href], script[src], img[src]");
  const files = [...named].map(
    (each) => new URL(each.getAttribute("href") ?? each.getAttribute("src"), location.origin).href,
  );
  await copy.addAll([...new Set(files)]);
  await copy.put(PAGE, page);
  const wanted = new Set([...files, new URL(PAGE, location.origin).href, new URL(ABOUT, location.origin).href]);
  for (const { url } of await copy.keys()) if (!wanted.has(url)) await copy.delete(url);
  return true;
}
