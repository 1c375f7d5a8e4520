// Single letters, off while typing, in a dialog, with a modifier, or by choice. None of them decides.
const CARDS = "#evidence-list .card:not([hidden])";
const ROWS = "main [data-row], main tbody tr:has(a)";
const items = () => ($("#evidence-list") ? $$(CARDS) : $$(ROWS));
const focusOn = (element) => {
  if (!element) return;
  const fold = element.closest(".fold");
  if (fold) fold.open = true;
  if (!element.matches("a, button, input, select, textarea, [tabindex]")) element.tabIndex = -1;
  element.focus();
  element.scrollIntoView({ block: "nearest" });
};
const step = (by) => {
  const found = items();
  const at = found.findIndex((item) => item.contains(document.activeElement));
  focusOn(found[at < 0 ? 0 : Math.min(found.length - 1, Math.max(0, at + by))]);
};
const current = () => document.activeElement?.closest?.(`.card, .hyp, .action, ${ROWS}`);
const go = (selector) => $(selector)?.click();
const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  Enter: () => document.activeElement === current() && $("a", current())?.click(),
  e: () => focusOn($("#evidence-list")),
  h: () => focusOn($("#hypotheses")),
  m: () => go("main a[href$='/matrix/']"),
  t: () => focusOn($("#timeline")),
  s: () => focusOn($("#steer")),
  a: () => focusOn($(".action:has([data-needs-live]) h3") || $(".action h3") || $("a[href='/inbox/']")),
  n: () => go("#show-new:not([hidden])"),
  ".": () => focusOn(current() && $("button, summary, a", current())),
  T: toggleTimes,
  "?": () => openDialog("keys"),
};
const PLACES = { i: "/inbox/", h: "/history/" };
let isGoing = 0;
const areKeysOff = () => store.get("keys") === "off";

// The one dialog of the page: its content is cloned from a template, and focus goes back after it.
const dialog = $("#dialog");
let opener = null;
const openDialog = (name) => {
  const template = document.getElementById(`dialog-${name}`);
  if (!dialog || !template || dialog.open) return false;
  opener = document.activeElement;
  $("#dialog-body").replaceChildren(template.content.cloneNode(true));
  for (const box of $$("[data-choice]", dialog)) {
    const [choice, on] = box.dataset.choice.split("=");
    box.checked = (store.get(choice) || box.dataset.usual) === on;
  }
  dialog.className = `dialog-${name}`;
  dialog.showModal();
  return true;
};
dialog?.addEventListener("close", () => {
  // Another may have been opened before this event came.
  if (dialog.open) return;
  $("#dialog-body").replaceChildren();
  if (opener?.isConnected) opener.focus();
});
dialog?.addEventListener("change", (event) => {
  const [choice, on, off] = (event.target.dataset.choice || "").split("=");
  if (!choice) return;
  if (choice === "sound") setSound(event.target.checked);
  else store.set(choice, event.target.checked ? on : off);
  markTimes();
});
dialog?.addEventListener("click", (event) => {
  if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
});

const toggleSound = () => setSound(store.get("sound") !== "on");
const toggleKeys = () => {
  store.set("keys", areKeysOff() ? "on" : "off");
  announce(`Single-letter keys are ${areKeysOff() ? "off" : "on"}.`);
};
// The palette is fetched when it is first wanted.
const openPalette = async () => {
  if (!openDialog("palette")) return;
  const [options, palette] = await fetchModules("options", "palette").catch(() => []);
  if (!palette) return announce("No connection: the commands cannot be fetched.");
  const { listbox } = options;
  if (dialog.open) palette.openPalette({ $, $$, dialog, listbox, insertIntoSteer, openDialog, toggleTimes, toggleSound, toggleKeys });
};
document.addEventListener("click", (event) => {
  if (!event.target.closest("a[data-palette], button[data-palette]") || !dialog) return;
  event.preventDefault();
  openPalette();
});
// Copying is fetched when it is first wanted, too.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-tools]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  await import(link.dataset.tools);
  delete link.dataset.tools;
  link.click();
});

document.addEventListener("keydown", (event) => {
  const { key } = event;
  if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
    return;
  }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || dialog?.open) return;
  if (key === "Escape") {
    const open = document.activeElement?.closest?.("details[open]");
    if (open && open.closest(".dock, #menu, .sev-why")) {
      open.open = false;
      $("summary", open).focus();
    } else if (isTyping(document.activeElement) || current()) document.activeElement.blur();
    else if (!$$("form").some(isDirty)) go("a[rel=up]");
    return;
  }
  if (isTyping(event.target) || areKeysOff()) return;
  if (Date.now() - isGoing < 1500 && PLACES[key]) {
    isGoing = 0;
    location.assign(PLACES[key]);
    return;
  }
  isGoing = key === "g" ? Date.now() : 0;
  if (!KEYS[key] || (key === "Enter" && document.activeElement !== current())) return;
  event.preventDefault();
  KEYS[key]();
});
