// The room's socket: its state in words, its sequence, and what is asked again after a gap.
const live = $("#live");
const CLOSED_FOR_GOOD = {
  4401: ["signed-out", "Signed out", "Signed out. Sign in to continue."],
  4404: ["gone", "Not found", "This incident is not here any more."],
  4429: ["gone", "Too many rooms", "You have too many rooms open. Close some, then reload this one."],
};
const SILENCE_MS = 25000;
const CAUGHT_UP_MS = 6000;
let connectionNow = null;
let last = room ? Number(room.dataset.sequence) : 0;
let heardAt = Date.now();
let wasLost = false;
let missed = 0;
let settling = null;

// Buttons that send a decision say why they cannot be pressed while the page may be out of date.
const markUnsent = () => {
  if (!live) return;
  const isLive = live.dataset.state === "live";
  if (isLive) dropUnsent();
  for (const button of $$("[data-needs-live]")) {
    button.disabled = !isLive;
    const old = $(".why-not", button.parentElement);
    if (isLive) old?.remove();
    else if (!old) {
      const note = document.createElement("p");
      note.className = "why-not meta";
      note.textContent = "Waits for the connection: what you read may be out of date.";
      button.after(note);
    }
  }
};
const setLive = (state, text, banner = "") => {
  if (!live) return;
  live.dataset.state = state;
  live.classList.toggle("is-lost", state !== "live");
  const [word, at] = text.split(" · ");
  $("#live-text").replaceChildren(word);
  // Where there is little room, the word stays whole and the time gives way.
  if (at) $("#live-text").append(Object.assign(document.createElement("span"), { className: "live-at", textContent: ` · ${at}` }));
  $("#lost").hidden = !banner;
  if ($("#lost-text").textContent !== banner) $("#lost-text").textContent = banner;
  $("#lost-link").hidden = state !== "signed-out";
  markUnsent();
};
const isLiveNow = () => {
  heardAt = Date.now();
  live.dataset.at = clock();
  setLive("live", `Live · ${clock()}`, live.dataset.state === "live" ? $("#lost-text").textContent : "");
};
const lose = (state, text) => {
  wasLost = true;
  setLive(state, text, `Connection lost. You are reading data from ${live.dataset.at}. Retrying.`);
};
// After a loss: the server says when all that was missed has been sent.
const tellCaughtUp = () => {
  if (!wasLost) return;
  const text = missed ? `Caught up: ${missed} event${missed > 1 ? "s" : ""}.` : "Live again. Nothing was missed.";
  wasLost = false;
  missed = 0;
  setLive("live", `Live · ${live.dataset.at}`, text);
  clearTimeout(settling);
  settling = setTimeout(() => live.dataset.state === "live" && setLive("live", $("#live-text").textContent), CAUGHT_UP_MS);
};

const addressAfter = (connection) => {
  const url = new URL(connection.url, location.href.replace(/^http/, "ws"));
  url.searchParams.set("after", String(last));
  connection.url = url.toString();
};
document.addEventListener("htmx:ws:before:connection", (event) => addressAfter(event.detail.connection));
document.addEventListener("htmx:ws:after:connection", (event) => {
  connectionNow = event.detail.connection;
  isLiveNow();
  look(true);
});
document.addEventListener("htmx:ws:close", (event) => {
  const { code, reason } = event.detail;
  if (reason === "removed") return;
  clearTimeout(settling);
  const forGood = CLOSED_FOR_GOOD[code];
  if (forGood) setLive(...forGood);
  else if (code >= 4000) setLive("gone", "Closed", `The server closed this room (${code}). Reload the page.`);
  else lose(navigator.onLine ? "lost" : "offline", navigator.onLine ? "Reconnecting" : "Offline");
});
document.addEventListener("htmx:ws:before:message:incoming", (event) => {
  const { connection, message } = event.detail;
  const data = JSON.parse(message.data);
  isLiveNow();
  if (data.people) showPeople(data.people);
  if (data.ready) tellCaughtUp();
  if (data.seq === undefined || data.seq <= last) {
    event.detail.cancelled = true;
    return;
  }
  if (data.from > last + 1) {
    // Something was lost on the way: ask again from the last one seen. A close without a code is
    // one that htmx reconnects after.
    event.detail.cancelled = true;
    addressAfter(connection);
    connection.socket.close();
    return;
  }
  if (wasLost) missed += data.seq - last;
  last = data.seq;
  room.dataset.sequence = String(last);
  addressAfter(connection);
  announce(data.say);
  message.data = JSON.stringify({ ...data, content: heldBack(data.content) });
  if (data.actions) refreshActions();
  noticeChange(data);
  isSwapping = true;
});
window.addEventListener("offline", () => live?.dataset.state === "live" && lose("offline", "Offline"));
window.addEventListener("online", () => connectionNow?.socket?.close());
// A server that only falls silent closes nothing: it beats at least every ten seconds.
setInterval(() => {
  if (live?.dataset.state !== "live" || Date.now() - heardAt < SILENCE_MS) return;
  lose("lost", "Reconnecting");
  connectionNow?.socket?.close();
}, 5000);
// Signed in again in another tab: go on where nothing typed would be lost.
document.addEventListener("visibilitychange", async () => {
  if (document.hidden || live?.dataset.state !== "signed-out") return;
  const answer = await fetch("/waiting/", { redirect: "manual" }).catch(() => null);
  if (!answer?.ok) return;
  if ($$("form").some(isDirty)) setLive("signed-out", "Signed in again", "Signed in again. Send or copy what you typed, then reload.");
  else location.reload();
});
afterSwaps(markUnsent);
if (!room && live) live.hidden = true;
