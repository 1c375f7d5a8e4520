// The palette: pages of this header, the room's commands, and what the server finds. A module of its
// own, fetched when it is first opened; `parts` is what it uses of the page's script.
const PALETTE_MS = 120;
let searching = null;
let asked = 0;
const option = (text, kind, data) => {
  const item = document.createElement("li");
  item.setAttribute("role", "option");
  Object.assign(item.dataset, data);
  const label = document.createElement("span");
  label.textContent = text;
  const meta = document.createElement("span");
  meta.className = "meta";
  meta.textContent = kind;
  item.append(label, " ", meta);
  return item;
};
// What it can do on this page itself.
const commandsOf = ({ openDialog, toggleTimes, toggleSound, toggleKeys }) => ({
  "Keyboard help": () => openDialog("keys"),
  "Show times in UTC or local": toggleTimes,
  "Sound on or off": toggleSound,
  "Single-letter keys on or off": toggleKeys,
});
const ownOptions = ($$, commands, words) => {
  const fits = (text) => words.every((word) => text.toLowerCase().includes(word));
  const seen = new Set();
  const found = [];
  for (const link of $$("header.top a[href^='/'], #room a.btn[href^='/']")) {
    const text = (link.getAttribute("aria-label") || link.textContent).trim().replace(/\s+/g, " ");
    if (!text || link.dataset.palette !== undefined || seen.has(link.href) || !fits(text)) continue;
    seen.add(link.href);
    found.push(option(text, "Page", { href: link.getAttribute("href") }));
  }
  for (const row of $$("#steer-list [data-for=command]")) {
    if (fits(row.textContent)) found.push(option(row.textContent.trim(), "Command", { steer: row.dataset.value }));
  }
  for (const name of Object.keys(commands)) {
    if (fits(name)) found.push(option(name, "Here", { command: name }));
  }
  return found;
};
export const openPalette = (parts) => {
  const { $, $$, dialog, listbox, insertIntoSteer } = parts;
  const commands = commandsOf(parts);
  const field = $("#palette-field");
  const list = $("#palette-list");
  const box = listbox(field, list, (chosen) => {
    const { href, steer, command } = chosen.dataset;
    dialog.close();
    if (href) location.assign(href);
    else if (steer) insertIntoSteer(steer);
    else commands[command]();
  });
  const show = (remote, isPending) => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    list.replaceChildren(...remote, ...ownOptions($$, commands, words).slice(0, 12));
    box.open(true, 0);
    const count = $$("[role=option]", list).length;
    $("#palette-count").textContent = isPending ? "" : count ? `${count} found` : "Nothing found. Try a service, INC-12, E3 or a command.";
  };
  // Closed, or closed and opened again, while a search waited: its words are no longer asked for.
  const isGone = () => !dialog.open || !field.isConnected;
  const search = async () => {
    if (isGone()) return;
    asked += 1;
    const mine = asked;
    const query = field.value.trim();
    show([], !!query);
    if (!query) return;
    const url = `/palette/?q=${encodeURIComponent(query.slice(0, 100))}&i=${location.pathname.match(/^\/i\/(\d+)\//)?.[1] || ""}`;
    const answer = await fetch(url, { redirect: "manual" }).catch(() => null);
    const { found } = answer?.ok ? await answer.json().catch(() => ({ found: [] })) : { found: [] };
    if (mine !== asked || isGone()) return;
    show(found.map((row) => option(row.text, row.kind, { href: row.href })), false);
    if (!answer?.ok) $("#palette-count").textContent = "The search did not answer. Pages and commands still work.";
  };
  field.addEventListener("input", () => {
    clearTimeout(searching);
    searching = setTimeout(search, PALETTE_MS);
  });
  // What was typed while this was fetched is looked for at once.
  search();
};
