// New evidence waits behind a button; an empty list has nothing to move, so it shows at once.
const countNew = () => {
  const buffer = $("#evidence-buffer");
  if (!buffer) return;
  const list = $("#evidence-list");
  if (!$(".card", list)) reveal();
  const count = buffer.children.length;
  const button = $("#show-new");
  button.hidden = count === 0;
  button.textContent = `${count} new`;
};
const reveal = () => {
  const list = $("#evidence-list");
  const empty = $(".empty", list);
  if (empty && $("#evidence-buffer").children.length) empty.remove();
  for (const card of [...$("#evidence-buffer").children]) {
    const known = document.getElementById(card.id);
    if (known && known !== card && list.contains(known)) card.remove();
    else list.prepend(card);
  }
  filter();
};
let shownAgent = "";
const filter = () => {
  for (const card of $$("#evidence-list .card")) {
    card.hidden = !!shownAgent && card.dataset.agent !== shownAgent;
  }
  for (const button of $$("[data-filter]")) {
    button.setAttribute("aria-pressed", String(button.dataset.filter === shownAgent));
  }
};
document.addEventListener("htmx:ws:after:message:incoming", countNew);
document.addEventListener("click", (event) => {
  const target = event.target.closest("button");
  if (!target) return;
  if (target.id === "show-new") {
    reveal();
    countNew();
    $("#evidence-list .card h3")?.focus?.();
  } else if (target.dataset.filter !== undefined) {
    shownAgent = target.dataset.filter;
    filter();
  }
});
countNew();
