// Settings of this browser, and letting it be called. Loaded by the settings pages only.
(() => {
  const choices = document.querySelector("[data-choices]");
  if (choices) {
    choices.hidden = false;
    for (const box of choices.querySelectorAll("[data-setting]")) {
      const { setting, on, off, usual } = box.dataset;
      let stored = null;
      try {
        stored = localStorage.getItem(setting);
      } catch {
        box.disabled = true;
      }
      box.checked = (stored || usual) === on;
      box.addEventListener("change", () => localStorage.setItem(setting, box.checked ? on : off));
    }
  }

  const button = document.getElementById("call-me");
  const said = document.getElementById("call-me-said");
  if (!button) return;
  const say = (text) => {
    said.textContent = text;
  };
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) {
    say("This browser cannot be called. On iOS, add the page to the Home Screen first.");
    return;
  }
  button.hidden = false;
  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/").padEnd(Math.ceil(text.length / 4) * 4, "="));
    return Uint8Array.from(plain, (c) => c.charCodeAt(0));
  };
  const token = () => document.querySelector("main input[name=csrfmiddlewaretoken]").value;
  const subscribe = async () => {
    if ((await Notification.requestPermission()) !== "granted") {
      say("You refused notifications for this site. Allow them in the browser to be called.");
      return;
    }
    const registration = await navigator.serviceWorker.register(button.dataset.worker);
    while (!registration.active) await new Promise((done) => setTimeout(done, 100));
    const subscription = await registration.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: bytes(button.dataset.key),
    });
    const answer = await fetch(button.dataset.post, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
      body: JSON.stringify({ ...subscription.toJSON(), name: navigator.userAgentData?.platform || "Browser" }),
    });
    const told = await answer.json();
    say(told.said || told.error);
    if (answer.ok) location.reload();
    else await subscription.unsubscribe();
  };
  button.addEventListener("click", () => {
    button.disabled = true;
    subscribe()
      .catch((error) => say(`The browser could not subscribe: ${error.message}`))
      .finally(() => {
        button.disabled = false;
      });
  });
})();
