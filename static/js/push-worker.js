// Shows what a push service delivers, and opens its place on a click. Asks the network for nothing.
const placeOf = (path) => (/^\/[a-z]/.test(path || "") ? path : "/inbox/");

self.addEventListener("push", (event) => {
  let data = {};
  try {
    data = event.data ? event.data.json() : {};
  } catch {
    // Not ours: say only that something waits.
  }
  event.waitUntil(
    self.registration.showNotification(String(data.title || "SRE Workspace: something waits for you"), {
      body: String(data.body || ""),
      tag: String(data.tag || "sre-workspace"),
      icon: "/static/favicon.svg",
      data: { path: placeOf(data.path) },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const path = placeOf(event.notification.data?.path);
  event.waitUntil(self.clients.openWindow(new URL(path, self.location.origin).href));
});
