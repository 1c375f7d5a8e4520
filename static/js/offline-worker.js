// Says that nothing is live when no page can be reached. It keeps one page without data, that page's
// styles, and when a page last came: never a page of an incident, never an answer to anybody signed in.
const KEPT = "offline-1";
const PAGE = "/offline/";
const SEEN = "/offline/seen";
const STYLES = /href="(\/static\/[^"]+\.css[^"]*)"/g;

const keep = async () => {
  const cache = await caches.open(KEPT);
  const page = await fetch(PAGE, { credentials: "omit", cache: "reload" });
  if (!page.ok) throw new Error(`The offline page answered ${page.status}.`);
  const text = await page.clone().text();
  await cache.addAll([...text.matchAll(STYLES)].map((found) => found[1]));
  await cache.put(PAGE, page);
  await self.skipWaiting();
};
const begin = async () => {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name)));
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
};
const note = async () => {
  const cache = await caches.open(KEPT);
  await cache.put(SEEN, new Response(new Date().toISOString()));
};
const offline = async () => {
  const cache = await caches.open(KEPT);
  const page = await cache.match(PAGE);
  if (!page) return Response.error();
  const seen = (await (await cache.match(SEEN))?.text()) || "";
  const text = await page.text();
  const at = seen ? `${seen.slice(0, 10)} ${seen.slice(11, 19)}Z` : "a time that is not known";
  return new Response(text.replace("[last seen]", at), { status: 503, headers: page.headers });
};
const visit = async (event) => {
  try {
    const answer = (await event.preloadResponse) || (await fetch(event.request));
    if (answer.ok) event.waitUntil(note());
    return answer;
  } catch {
    return offline();
  }
};
const style = (request) => fetch(request).catch(async () => (await caches.match(request)) || Response.error());

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(begin()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  // A form that is sent is never answered here: the browser says itself that it did not arrive.
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(visit(event));
  else if (request.destination === "style") event.respondWith(style(request));
});
