// The room's socket: its state in words, its sequence, and what is asked again after a gap.
const live = $("#live");
const setLive = (state, text) => {
  if (!live) return;
  live.dataset.state = state;
  live.classList.toggle("is-lost", state !== "live");
  $("#live-text").textContent = text;
  $("#lost").hidden = state === "live" || state === "connecting";
  $("#lost-text").textContent =
    state === "signed-out"
      ? "Signed out. Sign in to continue."
      : `Connection lost. You are reading data from ${live.dataset.at}. Retrying.`;
  for (const button of $$("[data-needs-live]")) button.disabled = state !== "live";
};
const isLiveNow = () => {
  live.dataset.at = clock();
  setLive("live", `Live · ${clock()}`);
};

let last = room ? Number(room.dataset.sequence) : 0;
const addressAfter = (connection) => {
  const url = new URL(connection.url);
  url.searchParams.set("after", String(last));
  connection.url = url.toString();
};
document.addEventListener("htmx:ws:before:connection", (event) => addressAfter(event.detail.connection));
document.addEventListener("htmx:ws:after:connection", isLiveNow);
document.addEventListener("htmx:ws:close", (event) => {
  const isOut = event.detail.code >= 4000;
  setLive(isOut ? "signed-out" : "lost", isOut ? "Signed out" : "Reconnecting");
});
document.addEventListener("htmx:ws:before:message:incoming", (event) => {
  const { connection, message } = event.detail;
  const data = JSON.parse(message.data);
  if (data.seq !== undefined && data.seq <= last) {
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
  if (data.seq !== undefined) last = data.seq;
  room.dataset.sequence = String(last);
  addressAfter(connection);
  isLiveNow();
  announce(data.say);
  if (data.actions) document.body.dispatchEvent(new CustomEvent("actions-changed"));
});
if (!room && live) live.hidden = true;
