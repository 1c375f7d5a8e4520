// The line always holds a sentence, so that no button moves when somebody comes or goes.
// Who else looks at this action: a socket that tells and hears presence only, and nothing of the board.
const line = document.querySelector("#reviewing");
const AGAIN_MS = 5000;
const sentence = (names) => {
  if (!names.length) return "Nobody else is reviewing this.";
  return `${names.join(", ")} ${names.length > 1 ? "are" : "is"} reviewing this too.`;
};
// Once it is decided nobody reviews it any more, whoever decided.
const leave = (socket) => {
  if (document.querySelector(".is-undecided")) return;
  line.remove();
  socket.close();
};
const connect = () => {
  const socket = new WebSocket(new URL(line.dataset.socket, location.href.replace(/^http/, "ws")));
  socket.addEventListener("open", () => socket.send(JSON.stringify({ look: line.dataset.look })));
  socket.addEventListener("message", (event) => {
    const { people } = JSON.parse(event.data);
    if (!people) return;
    const others = people.filter((person) => !person.me && person.look === line.dataset.look);
    const text = sentence(others.map((person) => person.name));
    if (line.textContent !== text) line.textContent = text;
  });
  document.addEventListener("htmx:after:swap", () => leave(socket));
  socket.addEventListener("close", (event) => {
    if (!line.isConnected) return;
    line.textContent = "Who else is here is not known now.";
    // What was shown out stays out; what broke comes back.
    if (event.code < 4000) setTimeout(connect, AGAIN_MS);
  });
};
if (line) connect();
