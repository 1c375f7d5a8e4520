// The chosen card on the lanes, and the cards near the pointer. A module of its own, fetched when somebody
// first points at either or focuses a card.
const CARD = "#evidence-list .card";
const all = (selector) => [...document.querySelectorAll(selector)];
const span = () => document.querySelector("#local-span");
let chosen = null;
// Where a moment lies on the axis as it is now, in 0..1000: the axis goes on, the cards stay.
const place = (second) => {
  const [from, to] = [span().dataset.from, span().dataset.to].map(Date.parse);
  return Math.min(1000, Math.max(0, ((second * 1000 - from) / (to - from)) * 1000));
};
const draw = () => {
  const card = chosen?.isConnected ? chosen : null;
  const from = card ? place(card.dataset.from) : 0;
  for (const box of all("#timeline .chosen")) {
    box.setAttribute("x", from);
    box.setAttribute("width", card ? Math.max(2, place(card.dataset.to) - from) : 0);
  }
};
const choose = (card) => {
  chosen?.classList.remove("is-chosen");
  chosen = card;
  card?.classList.add("is-chosen");
  draw();
};
for (const kind of ["focusin", "click"]) {
  document.addEventListener(kind, (event) => {
    const card = event.target.closest?.(CARD);
    if (card || event.target.closest?.("#timeline svg")) choose(card);
  });
}
document.addEventListener("htmx:ws:after:message:incoming", draw);
// 30 s either way is near.
document.addEventListener("pointermove", (event) => {
  const lane = event.target.closest?.("#timeline .lane svg[viewBox]");
  if (!lane && !document.querySelector(".is-near")) return;
  const units = lane?.viewBox.baseVal;
  const box = lane?.getBoundingClientRect();
  const x = lane && units.x + ((event.clientX - box.x) / box.width) * units.width;
  const { from, to } = span().dataset;
  const reach = 3e7 / (new Date(to) - new Date(from));
  for (const card of all(CARD)) {
    card.classList.toggle("is-near", !!lane && Math.abs(place(card.dataset.from) - x) <= reach);
  }
});
choose(document.activeElement?.closest(CARD));
