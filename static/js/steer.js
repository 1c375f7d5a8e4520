// The steer box: what may come next is offered from the page itself; /stop asks once more and then
// presses the kill switch. Everything else goes to the server by the form.
const steerBox = $("#steer");
const AFTER = {
  pause: ["agent"], resume: ["agent"], propose: ["action", "service"], focus: ["service"],
  handoff: ["person"], "rule-out": ["hypothesis"],
};
// Which kinds of words fit where the caret stands, and the word that has been begun.
const wanted = (text) => {
  const word = text.match(/\S*$/)[0];
  const command = text.match(/^\/(\S+)\s/)?.[1];
  if (text === word && word.startsWith("/")) return [["command"], word];
  if (command) {
    const place = text.trim().split(/\s+/).length - (word ? 2 : 1);
    const kinds = AFTER[command] || [];
    return [kinds[place] ? [kinds[place]] : [], word];
  }
  if (word.startsWith("@")) return [text === word ? ["agent"] : ["agent", "person"], word];
  return [[], word];
};
const hypothesisOptions = (list) => {
  for (const old of $$("[data-for=hypothesis]", list)) old.remove();
  for (const row of $$("#hypotheses .hyp:not(.is-ruled_out)")) {
    const option = document.createElement("li");
    option.setAttribute("role", "option");
    option.dataset.for = "hypothesis";
    option.dataset.value = `H${row.id.split("-")[1]} because `;
    option.textContent = $(".claim", row)?.textContent.trim().slice(0, 80) || row.id;
    list.append(option);
  }
};
if (steerBox && $("#steer-list")) {
  const list = $("#steer-list");
  const offer = () => {
    const [kinds, word] = wanted(steerBox.value.slice(0, steerBox.selectionStart));
    if (kinds.includes("hypothesis")) hypothesisOptions(list);
    const typed = word.toLowerCase();
    const fits = $$("[role=option]", list).filter((option) => {
      const value = option.dataset.value.toLowerCase();
      option.hidden = !kinds.includes(option.dataset.for) || !value.startsWith(typed) || value.trim() === typed;
      return !option.hidden;
    });
    // Enter sends a service as it is typed: it may be whole, and another's name begin like it. H1 is not H10.
    const named = fits.findIndex((option) => option.dataset.value.toLowerCase().startsWith(`${typed} `));
    const first = word && !kinds.includes("service") ? Math.max(named, 0) : -1;
    box.open(kinds.length > 0 && document.activeElement === steerBox, first);
  };
  const box = listbox(steerBox, list, (option) => {
    const at = steerBox.selectionStart;
    const [, word] = wanted(steerBox.value.slice(0, at));
    const before = steerBox.value.slice(0, at - word.length) + option.dataset.value;
    steerBox.value = before + steerBox.value.slice(at);
    steerBox.setSelectionRange(before.length, before.length);
    offer();
  });
  steerBox.addEventListener("input", offer);
  steerBox.addEventListener("focus", offer);
  steerBox.addEventListener("blur", () => box.open(false));
  steerBox.form.addEventListener("reset", () => box.open(false));
  steerBox.form.addEventListener(
    "submit",
    (event) => {
      box.open(false);
      if (!/^\/stop\b/.test(steerBox.value.trim())) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      steerBox.form.reset();
      go("#kill-switch button");
    },
    true,
  );
}
const insertIntoSteer = (text) => {
  if (!steerBox) return;
  steerBox.value = text;
  steerBox.focus();
  steerBox.setSelectionRange(text.length, text.length);
  steerBox.dispatchEvent(new Event("input"));
};
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (button) insertIntoSteer(button.dataset.insert);
});
