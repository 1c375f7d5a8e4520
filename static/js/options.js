// A listbox under a text field: arrows move, Enter takes, Escape closes. A module of its own: steering
// and the palette fetch it when it is first wanted.
let optionCount = 0;
export const listbox = (field, list, take) => {
  let at = -1;
  const shown = () => [...list.querySelectorAll("[role=option]:not([hidden])")];
  const mark = (index) => {
    const found = shown();
    at = found.length ? (index + found.length) % found.length : -1;
    found.forEach((option, i) => option.setAttribute("aria-selected", String(i === at)));
    const option = found[at];
    if (option) {
      option.id ||= `option-${(optionCount += 1)}`;
      field.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else field.removeAttribute("aria-activedescendant");
  };
  const unmark = () => {
    at = -1;
    for (const option of shown()) option.setAttribute("aria-selected", "false");
    field.removeAttribute("aria-activedescendant");
  };
  const open = (isOpen, first = -1) => {
    list.hidden = !isOpen || !shown().length;
    field.setAttribute("aria-expanded", String(!list.hidden));
    if (list.hidden || first < 0) unmark();
    else mark(first);
  };
  field.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    const moves = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: null, End: null };
    if (moves[event.key] !== undefined && moves[event.key] !== null) {
      event.preventDefault();
      mark(moves[event.key]);
    } else if ((event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) && at >= 0) {
      event.preventDefault();
      take(shown()[at]);
    } else if (event.key === "Escape" && !field.closest("dialog")) {
      event.preventDefault();
      open(false);
    }
  });
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) take(option);
  });
  return { open };
};
