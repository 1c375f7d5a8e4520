"""Sends the lab's alerts to a webhook, as Alertmanager would: firing, repeated, resolved."""

import http.client
import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlparse

from lab import alerts
from lab.world import BACKFILL_STEPS, LabWorld

EVERY_SECONDS = 2.0
REPEAT_SECONDS = 240.0


@dataclass
class Notifier:
    """Watches the rules and delivers what changed. Without a URL it only watches."""

    world: LabWorld
    url: str = ""
    token_file: Path | None = None
    _told: dict[tuple[str, int], tuple[str, float]] = field(default_factory=dict)
    _since: int = BACKFILL_STEPS
    _wake: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> None:
        """Forget what was told: another scenario has begun, with its alerts in the back-fill."""
        with self.world.lock:
            truth = self.world.truth
            self._since = truth.onset_step if truth else self.world.step
            self._told.clear()
        self._wake.set()

    def run(self) -> None:
        """Deliver until the process ends. An unreachable webhook is tried again."""
        while True:
            self._wake.wait(EVERY_SECONDS)
            self._wake.clear()
            due = self._due()
            if due and self.url:
                self._deliver(due)

    def _due(self) -> list[tuple[tuple[str, int], str, dict[str, object]]]:
        now = time.monotonic()
        with self.world.lock:
            firings = alerts.evaluate(self.world, since_step=self._since)
            payloads = [(f, alerts.payload(self.world, f)) for f in firings]
        due = []
        for firing, payload in payloads:
            key = (str(payload["fingerprint"]), firing.start)
            status = str(payload["status"])
            told, at = self._told.get(key, ("", 0.0))
            if not told and status == "resolved":
                # A short one is over already: say first that it fired.
                first = {**payload, "status": "firing", "endsAt": "0001-01-01T00:00:00Z"}
                due.append((key, "firing", first))
            elif told != status or (status == "firing" and now - at > REPEAT_SECONDS):
                due.append((key, status, payload))
        return due

    def _deliver(self, due: list[tuple[tuple[str, int], str, dict[str, object]]]) -> None:
        body = json.dumps(alerts.envelope([payload for _, _, payload in due]))
        if self._post(body):
            for key, said, _ in due:
                self._told[key] = (said, time.monotonic())

    def _post(self, body: str) -> bool:
        """Return whether the webhook took it. What it did not take is due again."""
        target = urlparse(self.url)
        kind = (
            http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
        )
        link = kind(target.hostname or "", target.port, timeout=10)
        try:
            token = self.token_file.read_text(encoding="utf-8").strip() if self.token_file else ""
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
            link.request("POST", target.path or "/", body, headers)
            return 200 <= link.getresponse().status < 300
        except (OSError, http.client.HTTPException):
            return False
        finally:
            link.close()
