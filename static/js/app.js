// The room's own script: sequence, buffer of new evidence, filters, theme, times. No inline code.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const root = document.documentElement;

  // Theme: auto, light, dark.
  const themes = ["auto", "light", "dark"];
  const setTheme = (name) => {
    if (name === "auto") root.removeAttribute("data-theme");
    else root.setAttribute("data-theme", name);
    localStorage.setItem("theme", name);
    const button = $("#theme");
    if (button) button.textContent = `Theme: ${name}`;
  };
  setTheme(localStorage.getItem("theme") || "auto");

  // One polite line for screen readers, at most one message each three seconds.
  let spoken = 0;
  let waiting = null;
  const announce = (text) => {
    const line = $("#status");
    if (!line || !text) return;
    clearTimeout(waiting);
    const wait = Math.max(0, 3000 - (Date.now() - spoken));
    waiting = setTimeout(() => {
      line.textContent = text;
      spoken = Date.now();
    }, wait);
  };

  const live = $("#live");
  const setLive = (state, text) => {
    if (!live) return;
    live.dataset.state = state;
    live.classList.toggle("is-lost", state !== "live");
    $("#live-text").textContent = text;
    const banner = $("#lost");
    banner.hidden = state === "live" || state === "connecting";
    $("#lost-text").textContent =
      state === "signed-out"
        ? "Signed out. Sign in to continue."
        : `Connection lost. You are reading data from ${live.dataset.at}. Retrying.`;
    for (const button of $$("[data-needs-live]")) button.disabled = state !== "live";
  };
  const clock = () => new Date().toISOString().slice(11, 19) + "Z";

  const room = $("#room");
  let last = room ? Number(room.dataset.sequence) : 0;
  const addressAfter = (connection) => {
    const url = new URL(connection.url);
    url.searchParams.set("after", String(last));
    connection.url = url.toString();
  };
  document.addEventListener("htmx:ws:before:connection", (event) => addressAfter(event.detail.connection));
  document.addEventListener("htmx:ws:after:connection", () => {
    live.dataset.at = clock();
    setLive("live", `Live · ${clock()}`);
  });
  document.addEventListener("htmx:ws:close", (event) => {
    const isOut = event.detail.code >= 4000;
    setLive(isOut ? "signed-out" : "lost", isOut ? "Signed out" : "Reconnecting");
  });
  document.addEventListener("htmx:ws:before:message:incoming", (event) => {
    const { connection, message } = event.detail;
    const data = JSON.parse(message.data);
    if (data.seq !== undefined && data.seq <= last) {
      event.detail.cancelled = true;
      return;
    }
    if (data.from > last + 1) {
      // Something was lost on the way: ask again from the last one seen.
      event.detail.cancelled = true;
      addressAfter(connection);
      connection.socket.close(4900);
      return;
    }
    if (data.seq !== undefined) last = data.seq;
    room.dataset.sequence = String(last);
    addressAfter(connection);
    live.dataset.at = clock();
    setLive("live", `Live · ${clock()}`);
    announce(data.say);
    if (data.actions) document.body.dispatchEvent(new CustomEvent("actions-changed"));
  });
  document.addEventListener("htmx:ws:after:message:incoming", () => countNew());

  // New evidence waits behind a button; an empty list has nothing to move, so it shows at once.
  const countNew = () => {
    const buffer = $("#evidence-buffer");
    if (!buffer) return;
    const list = $("#evidence-list");
    if (!$(".card", list)) reveal();
    const count = buffer.children.length;
    const button = $("#show-new");
    button.hidden = count === 0;
    button.textContent = `${count} new`;
    document.title = (count ? `(${count}) ` : "") + document.title.replace(/^\(\d+\) /, "");
  };
  const reveal = () => {
    const list = $("#evidence-list");
    const empty = $(".empty", list);
    if (empty && $("#evidence-buffer").children.length) empty.remove();
    for (const card of [...$("#evidence-buffer").children]) {
      const known = document.getElementById(card.id);
      if (known && known !== card && list.contains(known)) card.remove();
      else list.prepend(card);
    }
    filter();
  };
  let agent = "";
  const filter = () => {
    for (const card of $$("#evidence-list .card")) card.hidden = !!agent && card.dataset.agent !== agent;
    for (const button of $$("[data-filter]")) {
      button.setAttribute("aria-pressed", String(button.dataset.filter === agent));
    }
  };

  document.addEventListener("click", (event) => {
    const target = event.target.closest("button, [data-insert]");
    if (!target) return;
    if (target.id === "show-new") {
      reveal();
      countNew();
      $("#evidence-list .card h3")?.focus?.();
    } else if (target.id === "theme") {
      setTheme(themes[(themes.indexOf(localStorage.getItem("theme")) + 1) % 3]);
    } else if (target.dataset.filter !== undefined) {
      agent = target.dataset.filter;
      filter();
    } else if (target.dataset.insert) {
      const box = $("#steer");
      box.value = target.dataset.insert;
      box.focus();
    }
  });

  // Single letters, off while typing or with a modifier.
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === "Escape" && typing) event.target.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const cards = $$("#evidence-list .card:not([hidden])");
    const at = cards.indexOf(document.activeElement.closest?.(".card"));
    const keys = {
      j: () => cards[Math.min(at + 1, cards.length - 1)]?.focus(),
      k: () => cards[Math.max(at - 1, 0)]?.focus(),
      s: () => $("#steer")?.focus(),
      n: () => $("#show-new:not([hidden])")?.click(),
      a: () => $("#actions .btn-primary, #actions h3")?.focus(),
      h: () => $("#hypotheses")?.focus(),
      e: () => $("#evidence-list")?.focus(),
      "?": () => $("#help")?.showModal(),
    };
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });

  document.addEventListener("htmx:after:swap", () => {
    const result = $("[data-focus-me]");
    if (result) {
      result.removeAttribute("data-focus-me");
      result.focus();
    }
  });
  if (!room && live) live.hidden = true;
  countNew();
})();
