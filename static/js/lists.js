// Lists ask for news only while somebody looks.
document.addEventListener("htmx:before:request", (event) => {
  if (document.hidden && event.target.closest?.("[data-poll]")) event.preventDefault();
});
