// Replay: a scrubber over the journal. The server folds the board; nothing is computed here.
(() => {
  const find = (selector) => document.querySelector(selector);
  const page = find("#replay");
  const board = find("#replay-board");
  const scrub = find("#scrub");
  const play = find("#play");
  const start = Date.parse(page.dataset.start);
  const steps = JSON.parse(page.dataset.steps);
  let wanted = 0; // The newest request: an older answer that comes late is dropped.
  let sequence = Number(find(".replay-now").dataset.sequence);
  let speed = 1;
  let timer = null;

  const stepAt = (second) => {
    let low = 0;
    let high = steps.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (steps[middle][1] <= second) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  const indexOf = (number) => Math.max(0, steps.findIndex(([n]) => n >= number));
  const clock = (second) => `${new Date(start + second * 1000).toISOString().slice(11, 19)}Z`;
  const tell = () => {
    scrub.setAttribute("aria-valuetext", `${clock(Number(scrub.value))}, event ${sequence}`);
  };

  const show = async (query) => {
    const mine = (wanted += 1);
    board.classList.add("is-waiting");
    const answer = await fetch(`${page.dataset.board}?${query}`).catch(() => null);
    if (mine !== wanted) return;
    board.classList.remove("is-waiting");
    if (!answer?.ok) {
      stop();
      find("#status").textContent = "The board of that moment could not be read. Try again.";
      return;
    }
    const open = new Set([...board.querySelectorAll("details[open]")].map((d) => d.closest("[id]")?.id));
    board.innerHTML = await answer.text();
    for (const details of board.querySelectorAll("details")) {
      if (open.has(details.closest("[id]")?.id)) details.open = true;
    }
    sequence = Number(find(".replay-now").dataset.sequence);
    tell();
    history.replaceState(null, "", `?${query}`);
  };
  const showSecond = (second) => {
    tell();
    const [number] = steps[stepAt(second)];
    if (number === sequence) {
      find(".replay-now strong").textContent = clock(second);
      return Promise.resolve();
    }
    return show(`t=${new Date(start + second * 1000).toISOString()}`);
  };
  const step = (by) => {
    let at = indexOf(sequence) + by;
    // A reading of the curves says nothing: a step goes on to what does.
    while (by && steps[at]?.[2]) at += by;
    at = Math.min(steps.length - 1, Math.max(0, at));
    const [number, second] = steps[at];
    scrub.value = String(Math.floor(second));
    sequence = number;
    return show(`n=${number}`);
  };
  const stop = () => {
    clearTimeout(timer);
    timer = null;
    play.setAttribute("aria-pressed", "false");
    play.textContent = "▶ Play";
  };
  // A tick waits for the board before the next: a slow answer slows the replay, it does not skip.
  const tick = async () => {
    if (Number(scrub.value) >= Number(scrub.max)) return stop();
    scrub.value = String(Math.min(Number(scrub.max), Number(scrub.value) + Math.max(1, speed / 4)));
    await showSecond(Number(scrub.value));
    if (timer !== null) timer = setTimeout(tick, 1000 / Math.min(4, speed));
  };
  const toggle = () => {
    if (timer !== null) return stop();
    if (Number(scrub.value) >= Math.floor(steps.at(-1)[1])) scrub.value = "0"; // At the end: from the start.
    play.setAttribute("aria-pressed", "true");
    play.textContent = "❚❚ Pause";
    timer = setTimeout(tick, 0);
  };

  let settle = null;
  scrub.addEventListener("input", () => {
    tell();
    clearTimeout(settle);
    settle = setTimeout(() => showSecond(Number(scrub.value)), 80);
  });
  play.addEventListener("click", toggle);
  for (const [id, by] of [["back", -1], ["forward", 1]]) {
    find(`#${id}`).addEventListener("click", (event) => {
      event.preventDefault();
      stop();
      step(by);
    });
  }
  find("#speeds").addEventListener("click", (event) => {
    const button = event.target.closest("[data-speed]");
    if (!button) return;
    speed = Number(button.dataset.speed);
    for (const other of document.querySelectorAll("[data-speed]")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
  });
  find(".moments").addEventListener("click", (event) => {
    const link = event.target.closest("[data-step]");
    if (!link) return;
    event.preventDefault();
    stop();
    sequence = Number(link.dataset.step);
    step(0);
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && event.target !== scrub;
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    const keys = { ",": () => step(-1), ".": () => step(1), p: toggle };
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  for (const element of [play, find("#speeds")]) element.hidden = false;
  scrub.disabled = false;
})();
