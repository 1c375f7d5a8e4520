// The steer box: words are offered once it is used; /stop asks once more and then presses the kill
// switch. Everything else goes to the server by the form.
const steerBox = $("#steer");
const isStop = () => /^\/stop\b/.test(steerBox.value.trim());
// While they are fetched, Enter waits for them: it may take a word.
let words = null;
let isFetching = false;
let isWaiting = false;
const fetchWords = async () => {
  isFetching = true;
  const [options, steering] = await fetchModules("options", "steering").catch(() => []);
  isFetching = false;
  if (steering) steering.offerWords({ $, $$, steerBox, listbox: options.listbox });
  else words = null;
};
for (const kind of ["focus", "input"]) steerBox?.addEventListener(kind, () => (words ||= fetchWords()));
steerBox?.addEventListener("keydown", async (event) => {
  if (event.key !== "Enter" || event.isComposing || !isFetching || isStop()) return;
  event.preventDefault();
  if (isWaiting) return;
  isWaiting = true;
  await Promise.race([words, new Promise((go) => setTimeout(go, 1000))]);
  isWaiting = false;
  if (steerBox.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", cancelable: true }))) steerBox.form.requestSubmit();
});
steerBox?.form.addEventListener(
  "submit",
  (event) => {
    if (!isStop()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    steerBox.form.reset();
    go("#kill-switch button");
  },
  true,
);
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
