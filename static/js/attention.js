// Attention: the title, the tab's icon and the app's badge count what waits for me. Sounds are off
// until a click turns them on, and never play for evidence.
const plainTitle = document.title.replace(/^\(\d+\) /, "");
let waitingCount = 0;
let sound = null;

const play = async (name) => {
  if (store.get("sound") !== "on" || sound?.state !== "running") return;
  const [earcons] = await fetchModules("earcons").catch(() => []);
  earcons?.play(sound, name);
};
// Browsers let a page sound only after a click: the stored choice begins with the first one.
const wakeSound = () => {
  if (store.get("sound") !== "on" || !window.AudioContext) return;
  sound ||= new AudioContext();
  sound.resume();
  // At once: when it is due there may be no connection.
  fetchModules("earcons").catch(() => {});
};
const setSound = (isOn) => {
  store.set("sound", isOn ? "on" : "off");
  wakeSound();
  if (isOn) sound?.resume().then(() => play("waits"));
  announce(isOn ? "Sound is on." : "Sound is off.");
};
document.addEventListener("click", wakeSound);

const showWaiting = (count) => {
  document.title = (count ? `(${count}) ` : "") + plainTitle;
  const icon = $("link[rel=icon]");
  if (icon && host) {
    host.dataset.plainIcon ||= icon.getAttribute("href");
    icon.setAttribute("href", count ? host.dataset.dotIcon : host.dataset.plainIcon);
  }
  const badge = $("#waiting");
  if (badge) {
    badge.hidden = !count;
    badge.dataset.waiting = count;
    $("[data-number]", badge).textContent = count;
  }
  if (count) navigator.setAppBadge?.(count).catch(() => {});
  else navigator.clearAppBadge?.().catch(() => {});
  if (count > waitingCount) {
    play("waits");
    alarm(count === 1 ? "One thing waits for you." : `${count} things wait for you.`);
  }
  waitingCount = count;
};
const askWaiting = async () => {
  const answer = await fetch("/waiting/", { redirect: "manual" }).catch(() => null);
  if (answer?.ok) showWaiting((await answer.json()).count);
};
const noticeChange = (data) => {
  if (data.actions || data.handoff) askWaiting();
  if (data.severity && data.severity < (room.dataset.severity || "")) {
    play("severity");
    alarm(`Severity rose to ${data.severity.toUpperCase()}.`);
  }
  if (data.severity) room.dataset.severity = data.severity;
};
if (host?.dataset.viewer) {
  askWaiting();
  setInterval(askWaiting, 30000);
}
