// What every part uses: finding elements, a store that may be refused, and the lines that are spoken.
const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
const root = document.documentElement;
const room = $("#room");
const host = $("#host");
const clock = (at = new Date()) => `${at.toISOString().slice(11, 19)}Z`;
const isTyping = (element) =>
  /^(INPUT|TEXTAREA|SELECT)$/.test(element?.tagName) || !!element?.isContentEditable;

// What few need is a module of its own, fetched when it is first wanted; the page's host has their addresses.
const fetchModules = (...names) => Promise.all(names.map((name) => import(host.dataset[name])));

// One message may swap many parts: what looks the whole page over does so once, after the last.
let isSwapping = false;
const swapped = () => (isSwapping = false);
document.addEventListener("htmx:ws:after:message:incoming", swapped);
document.addEventListener("htmx:ws:error", swapped);
const afterSwaps = (work) => {
  document.addEventListener("htmx:after:swap", () => isSwapping || work());
  document.addEventListener("htmx:ws:after:message:incoming", work);
};

// A browser may refuse to store: then a choice lasts as long as the page.
const kept = {};
const store = {
  get: (name) => {
    try {
      return localStorage.getItem(name) ?? kept[name];
    } catch {
      return kept[name];
    }
  },
  set: (name, value) => {
    kept[name] = value;
    try {
      localStorage.setItem(name, value);
    } catch {
      // Kept above.
    }
  },
};

// One polite line for screen readers, at most one message each three seconds.
let spokenAt = 0;
let speaking = null;
const announce = (text) => {
  const line = $("#status");
  if (!line || !text) return;
  clearTimeout(speaking);
  speaking = setTimeout(
    () => {
      line.textContent = text;
      spokenAt = Date.now();
    },
    Math.max(0, 3000 - (Date.now() - spokenAt)),
  );
};

// For what must be heard at once: something waits for you, the severity rose, the connection is lost.
const alarm = (text) => {
  const line = $("#alarm");
  if (line) line.textContent = text;
};
