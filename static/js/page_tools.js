// Copying, printing, words that are not saved yet, and a status that renews itself. For the pages
// around an incident and for the shared status, which has no other script.
(() => {
  const find = (selector, from = document) => from.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];

  for (const element of all("[data-print], [data-copy-field]")) element.hidden = false;
  find("[data-focus-me]")?.focus();

  const say = (button, text) => {
    const was = button.dataset.was || button.textContent;
    button.dataset.was = was;
    button.textContent = text;
    const line = find("#status");
    if (line) line.textContent = text;
    setTimeout(() => {
      button.textContent = was;
    }, 2500);
  };
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false; // Not allowed, or not a secure page: the field is there to copy from.
    }
  };

  document.addEventListener("click", async (event) => {
    const target = event.target.closest("[data-print], [data-copy-field], [data-copy-from], [data-select]");
    if (!target) return;
    if (target.dataset.print !== undefined) window.print();
    if (target.dataset.select !== undefined) target.select();
    if (target.dataset.copyField) {
      const field = document.getElementById(target.dataset.copyField);
      field.select();
      say(target, (await copy(field.value)) ? "Copied" : "Press Ctrl+C");
    }
    if (target.dataset.copyFrom && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      const answer = await fetch(target.dataset.copyFrom).catch(() => null);
      if (answer?.ok && (await copy(await answer.text()))) say(target, "Copied");
      else location.assign(target.href);
    }
  });

  // Leaving with words that are not saved asks first.
  for (const form of all("[data-warn-unsaved]")) {
    let isDirty = false;
    form.addEventListener("input", () => {
      isDirty = true;
    });
    form.addEventListener("submit", () => {
      isDirty = false;
    });
    window.addEventListener("beforeunload", (event) => {
      if (isDirty) event.preventDefault();
    });
  }

  // The status asks for news; only what differs is put in, and only while somebody looks.
  const status = find("#status-body[data-refresh]");
  const renew = async () => {
    if (document.hidden) return;
    const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
    if (!answer?.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = find("#status-body", page);
    const shown = find("#status-body");
    if (fresh && fresh.innerHTML !== shown.innerHTML) shown.replaceChildren(...fresh.childNodes);
  };
  if (status && !location.pathname.includes("/links/") && !location.pathname.includes("/updates/")) {
    setInterval(renew, Number(status.dataset.refresh) * 1000);
  }
})();
