// Forms: what was typed is kept until the server has said yes; each way to fail has its sentence.
const UNSENT = "No connection: it was not sent. What you typed is still here.";
const READ_MS = 3000;
const noteOn = (form, text, link = "") => {
  $(".form-note", form)?.remove();
  if (!text) return;
  const note = document.createElement("p");
  note.className = "form-note error";
  note.setAttribute("role", "alert");
  note.textContent = text;
  if (text === UNSENT) note.dataset.unsent = Date.now();
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link;
    anchor.target = "_blank";
    anchor.textContent = "Sign in in another tab";
    note.append(" ", anchor);
  }
  form.append(note);
};
// It is said no longer once there is a connection again, and there was time to read it.
const dropUnsent = () => {
  for (const note of $$("[data-unsent]")) if (Date.now() - note.dataset.unsent > READ_MS) note.remove();
};
window.addEventListener("online", () => setTimeout(dropUnsent, READ_MS));
const formOf = (event) => event.detail.ctx?.sourceElement?.closest?.("form");
const renewToken = (token) => {
  for (const field of $$("[name=csrfmiddlewaretoken]")) field.value = token;
  document.body.setAttribute("hx-headers:inherited", JSON.stringify({ "X-CSRFToken": token }));
};
document.addEventListener("htmx:before:request", (event) => {
  const form = formOf(event);
  if (form) noteOn(form, "");
});
document.addEventListener("htmx:after:request", (event) => {
  const form = formOf(event);
  const { response } = event.detail.ctx;
  if (!form || !response) return;
  const isSentAway = response.raw.redirected && new URL(response.raw.url).pathname.startsWith("/login/");
  if (response.status === 401 || isSentAway) {
    event.preventDefault();
    noteOn(form, "You are signed out. Nothing was sent; what you typed is still here.", "/login/");
  } else if (response.status === 403) {
    event.preventDefault();
    const token = response.headers.get("X-New-Token");
    if (token) renewToken(token);
    noteOn(
      form,
      token
        ? "You signed in again since this page was loaded. Nothing was sent. Send it once more."
        : "You may not do this. Nothing was sent; what you typed is still here.",
    );
  } else if (response.status >= 500) {
    noteOn(form, `The server failed (${response.status}). Look whether it was done before you send it again.`);
  }
});
document.addEventListener("htmx:error", (event) => {
  const form = formOf(event);
  if (form) noteOn(form, UNSENT);
});
document.addEventListener("htmx:finally:request", (event) => {
  const form = formOf(event);
  if (form?.isConnected && form.method === "post" && event.detail.ctx.response?.status < 300) {
    form.reset();
    // Its fold closes: what was sent changes the card, which waits while somebody types in it.
    if (form.closest(".rule-out")) {
      form.closest(".rule-out").open = false;
      $("#hyp-answer p")?.focus();
    }
  }
});
