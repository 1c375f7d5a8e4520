// Presence: who is here and what each looks at. Sent when the focus moves, at most every two seconds.
const LOOK_MS = 2000;
let looksAt = "";
let lookedAt = 0;
let looking = null;
let people = [];

const subject = () => {
  const item = document.activeElement?.closest?.(".card[id], .hyp[id], .action[id]");
  if (!item) return "";
  return { ev: "E", hyp: "H", action: "A" }[item.id.split("-")[0]] + item.id.split("-")[1];
};
const look = (isNew) => {
  clearTimeout(looking);
  looking = setTimeout(
    () => {
      const now = subject();
      const socket = connectionNow?.socket;
      if (socket?.readyState !== WebSocket.OPEN || (now === looksAt && !isNew)) return;
      looksAt = now;
      lookedAt = Date.now();
      socket.send(JSON.stringify({ look: now }));
    },
    Math.max(isNew ? 0 : 200, LOOK_MS - (Date.now() - lookedAt)),
  );
};
const drawPeople = () => {
  const place = $("#presence");
  const others = people.filter((person) => !person.me);
  if (place) {
    const names = others.slice(0, 6).map((p) => (p.look ? `${p.name}: ${p.look}` : p.name));
    if (others.length > 6) names.push(`${others.length - 6} more`);
    const text = others.length ? `${others.length + 1} here: you, ${names.join(", ")}` : "";
    if (place.textContent !== text) place.textContent = text;
  }
  for (const card of $$(".action[id]")) {
    const number = `A${card.id.split("-")[1]}`;
    const names = others.filter((p) => p.look === number && card.matches(".is-undecided")).map((p) => p.name);
    let line = $(".reviewing", card);
    if (names.length && !line) {
      line = document.createElement("p");
      line.className = "reviewing meta";
      $("h3", card)?.after(line);
    }
    if (!names.length) line?.remove();
    else line.textContent = `${names.join(", ")} ${names.length > 1 ? "are" : "is"} reviewing this.`;
  }
};
const showPeople = (found) => {
  people = found;
  drawPeople();
};
document.addEventListener("focusin", () => look(false));
afterSwaps(() => people.length && drawPeople());
