// Single letters, off while typing or with a modifier.
document.addEventListener("keydown", (event) => {
  const typing = isTyping(event.target);
  if (event.key === "Escape" && typing) event.target.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const cards = $$("#evidence-list .card:not([hidden])");
  const at = cards.indexOf(document.activeElement.closest?.(".card"));
  const keys = {
    j: () => cards[Math.min(at + 1, cards.length - 1)]?.focus(),
    k: () => cards[Math.max(at - 1, 0)]?.focus(),
    s: () => $("#steer")?.focus(),
    n: () => $("#show-new:not([hidden])")?.click(),
    a: () => $("#actions .btn-primary, #actions h3")?.focus(),
    h: () => $("#hypotheses")?.focus(),
    e: () => $("#evidence-list")?.focus(),
    "?": () => $("#help")?.showModal(),
  };
  if (keys[event.key]) {
    event.preventDefault();
    keys[event.key]();
  }
});

// What a swap asks to be read next gets the focus that its button had.
document.addEventListener("htmx:after:swap", () => {
  const result = $("[data-focus-me]");
  if (!result) return;
  result.removeAttribute("data-focus-me");
  result.focus();
});
