// Theme: auto, light, dark.
const themes = ["auto", "light", "dark"];
const setTheme = (name) => {
  if (name === "auto") root.removeAttribute("data-theme");
  else root.setAttribute("data-theme", name);
  store.set("theme", name);
  const button = $("#theme");
  if (button) button.textContent = `Theme: ${name}`;
};
setTheme(store.get("theme") || "auto");
document.addEventListener("click", (event) => {
  if (event.target.closest("#theme")) {
    setTheme(themes[(themes.indexOf(store.get("theme")) + 1) % 3]);
  }
});
