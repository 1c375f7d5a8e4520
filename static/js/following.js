// A part of a board on a page of its own: a socket rings when the board moves, and the part is asked for anew.
// The part says up to which event it is true; what was missed while the socket was lost is asked for on return.
(() => {
  const AGAIN_MS = 3000;
  const LEAST_MS = 1000;
  const SILENCE_MS = 25000;
  const part = () => document.querySelector("[data-follow]");
  const line = document.querySelector("#following");
  const clock = () => `${new Date().toISOString().slice(11, 19)}Z`;
  let newest = Number(part()?.dataset.seq);
  let asking = null;
  let heardAt = 0;
  const say = (text) => {
    if (line.textContent !== text) line.textContent = text;
  };
  const ask = () => {
    asking ??= setTimeout(() => {
      asking = null;
      document.body.dispatchEvent(new CustomEvent("board-moved"));
    }, LEAST_MS);
  };
  const connect = () => {
    const url = new URL(part().dataset.follow, location.href.replace(/^http/, "ws"));
    url.searchParams.set("after", part().dataset.seq);
    const socket = new WebSocket(url);
    const watch = setInterval(() => Date.now() - heardAt > SILENCE_MS && socket.close(), AGAIN_MS);
    heardAt = Date.now();
    socket.addEventListener("message", (event) => {
      heardAt = Date.now();
      say(`${part().dataset.live} · ${clock()}`);
      const { seq } = JSON.parse(event.data);
      newest = Math.max(newest, seq ?? 0);
      // The server beats every ten seconds: an answer that was lost is asked for again then.
      if (Number(part().dataset.seq) < newest) ask();
    });
    socket.addEventListener("close", (event) => {
      clearInterval(watch);
      if (event.code >= 4000) return say("Not followed any more: sign in, or reload the page.");
      say("Connection lost: this may be out of date. Trying again.");
      setTimeout(connect, AGAIN_MS);
    });
  };
  if (part()) connect();
})();
