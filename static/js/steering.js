// What may come next in the steer box, offered from the page itself. A module of its own, fetched when
// the box is first used; `parts` is what it uses of the page's script.
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
const hypothesisOptions = ({ $, $$ }, list) => {
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
export const offerWords = (parts) => {
  const { $, $$, listbox, steerBox } = parts;
  const list = $("#steer-list");
  const offer = () => {
    const [kinds, word] = wanted(steerBox.value.slice(0, steerBox.selectionStart));
    if (kinds.includes("hypothesis")) hypothesisOptions(parts, list);
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
  steerBox.form.addEventListener("submit", () => box.open(false), true);
  // What was typed while this was fetched is answered at once.
  offer();
};
