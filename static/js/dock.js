// The dock: how long each agent has been at its step, in whole seconds.
const skew = room?.dataset.now ? Date.now() - Date.parse(room.dataset.now) : 0;
const tick = () => {
  for (const element of $$("[data-since]")) {
    const seconds = Math.max(0, Math.round((Date.now() - skew - Date.parse(element.dataset.since)) / 1000));
    const text = seconds < 120 ? `${seconds} s` : seconds < 7200 ? `${Math.round(seconds / 60)} min` : "";
    if (element.textContent !== text) element.textContent = text;
  }
};
if ($("#agents")) {
  tick();
  setInterval(tick, 1000);
  document.addEventListener("htmx:ws:after:message:incoming", tick);
}
// One agent's steps at a time; Escape and a click elsewhere close them.
document.addEventListener("click", (event) => {
  for (const open of $$("#agents details.agent[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});
