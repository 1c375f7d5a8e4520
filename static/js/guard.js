// The edit guard: a section in which somebody types is not changed under them; its updates wait.
const waitingParts = new Map();
const isDirty = (form) =>
  [...form.elements].some((field) => {
    if (/^(hidden|select-)/.test(field.type) || !isTyping(field)) return false;
    if (/^(checkbox|radio)$/.test(field.type)) return field.checked !== field.defaultChecked;
    return field.value !== field.defaultValue;
  });
const isEdited = (section) => {
  const focused = document.activeElement;
  return (section.contains(focused) && isTyping(focused)) || $$("form", section).some(isDirty);
};
const tellWaiting = () => {
  const line = $("#held");
  if (!line) return;
  const count = waitingParts.size;
  line.hidden = count === 0;
  $("#held-text").textContent = count === 1 ? "1 update waiting" : `${count} updates waiting`;
};
const heldBack = (content) => {
  if (!content || !isTyping(document.activeElement) && !$$("form", room).some(isDirty)) return content;
  const box = document.createElement("template");
  box.innerHTML = content;
  for (const part of $$("hx-partial", box.content)) {
    const target = $(part.getAttribute("hx-target"));
    if (!target || part.getAttribute("hx-swap") === "beforeend" || !isEdited(target)) continue;
    waitingParts.set(target.id, part.outerHTML);
    part.remove();
  }
  tellWaiting();
  return box.innerHTML;
};
const swapIn = (text) =>
  htmx.swap({ sourceElement: room, target: room, swap: "innerHTML swapEmpty:false", text, transition: false });
const release = (all) => {
  let text = "";
  for (const [id, part] of [...waitingParts]) {
    const section = document.getElementById(id);
    if (section && !all && isEdited(section)) continue;
    waitingParts.delete(id);
    if (typeof part === "function") part();
    else text += part;
  }
  tellWaiting();
  if (text) swapIn(text);
};
const refreshActions = () => {
  const panel = $("#actions");
  if (!panel) return;
  const ask = () => document.body.dispatchEvent(new CustomEvent("actions-changed"));
  if (isEdited(panel)) {
    waitingParts.set("actions", ask);
    tellWaiting();
  } else ask();
};
for (const kind of ["focusout", "reset"]) {
  document.addEventListener(kind, () => setTimeout(() => waitingParts.size && release(false)));
}
document.addEventListener("click", (event) => {
  if (event.target.closest("#held-show")) release(true);
});
// What asks again by itself does not take the focus away from its own button.
document.addEventListener("htmx:before:request", (event) => {
  const { sourceElement, sourceEvent } = event.detail.ctx;
  if (sourceEvent?.type === "every" && sourceElement.contains(document.activeElement)) event.preventDefault();
});
// What a swap asks to be read next gets the focus that its button had; and a card that is drawn anew
// keeps it.
let focusedCard = null;
document.addEventListener("htmx:before:swap", () => {
  focusedCard = document.activeElement.closest(".action");
});
document.addEventListener("htmx:after:swap", () => {
  const result = $("[data-focus-me]");
  result?.removeAttribute("data-focus-me");
  if (result) result.focus();
  else if (focusedCard && document.activeElement === document.body) $(`#${focusedCard.id} [tabindex]`)?.focus();
});
