// Theme and density: the server reads the cookie, so that a page never flashes the other one.
const setLook = (button) => {
  const { name, value } = button;
  const secure = location.protocol === "https:" ? ";secure" : "";
  document.cookie = `${name}=${value};path=/;max-age=31536000;samesite=lax${secure}`;
  if (value === "auto") root.removeAttribute(`data-${name}`);
  else root.setAttribute(`data-${name}`, value);
  for (const other of $$(`[data-look][name="${name}"]`)) {
    other.setAttribute("aria-pressed", String(other === button));
  }
};
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-look]");
  if (!button) return;
  event.preventDefault();
  setLook(button);
});

// The account's menu closes with Escape and by a click elsewhere.
const menu = $("#menu");
document.addEventListener("click", (event) => {
  if (menu && !menu.contains(event.target)) menu.open = false;
});
menu?.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.preventDefault();
  menu.open = false;
  $("summary", menu).focus();
});
