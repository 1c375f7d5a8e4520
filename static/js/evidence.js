// The feed. What is being read never moves: new cards fill the space below while the list does not
// fill the window, and wait behind "n new" after that. At most 500 cards are kept in the page.
const MOST_CARDS = 500;
const feed = $("#evidence-list");
// What decides stands above them, and stays there.
const newest = $("#newest");
const numberOf = (card) => Number(card.id.slice(3));
const put = (card, place) => {
  if ($(`#${card.id}`, feed)) card.remove();
  else place(card);
};
const fill = () => {
  const older = $("#older");
  for (const card of [...$("#evidence-buffer").children]) {
    if (feed.offsetHeight >= innerHeight || (older && $(".card", feed)) || !newest.checkVisibility()) return;
    $(".empty", feed)?.remove();
    put(card, (fresh) => newest.insertBefore(fresh, older));
  }
};
const countNew = () => {
  const buffer = $("#evidence-buffer");
  if (!buffer) return;
  fill();
  const count = buffer.children.length;
  const button = $("#show-new");
  button.hidden = count === 0;
  button.textContent = `${count} new`;
};
const reveal = () => {
  for (const card of [...$("#evidence-buffer").children]) put(card, (fresh) => newest.prepend(fresh));
  const cards = $$(".card", newest).sort((a, b) => numberOf(b) - numberOf(a));
  newest.prepend(...cards);
  for (const card of cards.slice(MOST_CARDS)) card.remove();
  sift();
};
// Styles hide what a filter leaves out, and the keys must pass it over too.
const sift = () => {
  $("#others").open = true;
  const cards = $$(".card", feed);
  for (const card of cards) card.hidden = false;
  for (const card of cards.filter((one) => !one.checkVisibility())) card.hidden = true;
};
const markFilter = () => {
  for (const button of $$("[data-filter]")) {
    button.setAttribute("aria-pressed", String(button.dataset.filter === (feed.dataset.only ?? "")));
  }
};
const filter = (name) => {
  feed.dataset.only = name;
  sift();
  markFilter();
  const url = new URL(location.href);
  if (name) url.searchParams.set("only", name);
  else url.searchParams.delete("only");
  history.replaceState(null, "", url);
};
document.addEventListener("htmx:ws:after:message:incoming", countNew);
document.addEventListener("click", (event) => {
  const target = event.target.closest("button");
  if (!target) return;
  if (target.id === "show-new") {
    reveal();
    countNew();
    $(".card", feed)?.focus();
  } else if (target.dataset.filter !== undefined) {
    filter(target.dataset.filter);
  }
});
// How a card and the lanes belong together is shown from the first time that somebody comes near.
const NEARING = ["focusin", "click", "pointermove"];
const fetchAxis = async (event) => {
  if (!event.target.closest?.("#timeline, #evidence-list .card")) return;
  for (const kind of NEARING) document.removeEventListener(kind, fetchAxis);
  await fetchModules("axis").catch(watchNearing);
};
const watchNearing = () => {
  for (const kind of NEARING) document.addEventListener(kind, fetchAxis);
};
if (feed) {
  watchNearing();
  // The filters are replaced by updates: they show again what is chosen.
  document.addEventListener("htmx:ws:after:message:incoming", () => {
    const held = $$("#evidence-list > .card").map(numberOf).join(".");
    const told = $("#deciding").dataset;
    told.held = !!held && held === told.first;
    markFilter();
  });
  // A link to a card that this page does not hold: ask for the page that does.
  const wanted = /^#ev-(\d{1,9})$/.exec(location.hash);
  if (wanted && !document.getElementById(`ev-${wanted[1]}`) && !new URLSearchParams(location.search).has("e")) {
    location.replace(`?e=${wanted[1]}${location.hash}`);
  }
  document.getElementById(`ev-${feed.dataset.selected}`)?.focus();
}
countNew();
