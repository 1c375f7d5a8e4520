// Times are UTC; the tooltip has the viewer's own zone, and T shows that instead.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const localTime = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" });
const localDay = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const localMinute = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const markTimes = () => {
  const span = $("#local-span");
  if (span) {
    const [from, to] = [span.dataset.from, span.dataset.to].map((text) => localMinute.format(new Date(text)));
    span.textContent = `(your time ${from} to ${to})`;
  }
  const isLocal = store.get("times") === "local";
  for (const element of $$(`time[datetime]:not([data-shown="${isLocal}"])`)) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    element.dataset.utc ||= element.textContent;
    const utc = `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
    const here = `${localDay.format(at)} (${zone})`;
    element.title = isLocal ? utc : `${utc}; ${here}`;
    const isDay = element.dataset.utc.length > 10;
    element.textContent = isLocal ? (isDay ? localDay : localTime).format(at) : element.dataset.utc;
    element.dataset.shown = String(isLocal);
  }
};
const toggleTimes = () => {
  store.set("times", store.get("times") === "local" ? "utc" : "local");
  markTimes();
  announce(store.get("times") === "local" ? `Times are shown in ${zone}.` : "Times are shown in UTC.");
};
afterSwaps(markTimes);
markTimes();
