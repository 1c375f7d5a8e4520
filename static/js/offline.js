// Lets this browser say so, honestly, when it is offline: see offline-worker.js.
navigator.serviceWorker?.register("/offline-worker.js", { scope: "/" }).catch(() => {});
