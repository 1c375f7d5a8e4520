"""The lab's executor: over its unix socket, or in process for closed loops in simulated time."""

from typing import Any, Protocol

import httpx

from remediation.errors import ExecutorError, TargetConflict, TargetRefused
from remediation.executors.ports import ConfigChange, DryRun, Request, TargetState

Json = dict[str, Any]
TIMEOUT_SECONDS = 5.0


class LabActions(Protocol):
    """The lab's side of acting."""

    def describe(self, workload: str) -> Json: ...

    def preview(self, request: Json) -> Json: ...

    def apply(self, request: Json) -> Json: ...

    def find_by_key(self, key: str) -> Json | None: ...


class HttpLabActions:
    """The lab over its unix socket."""

    def __init__(self, socket: str) -> None:
        transport = httpx.HTTPTransport(uds=socket, verify=False)  # no TLS
        self._http = httpx.Client(
            transport=transport, base_url="http://lab", timeout=TIMEOUT_SECONDS
        )

    def _call(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise ExecutorError(f"The lab did not answer ({type(error).__name__}).") from error
        if answer.status_code == 409:
            raise TargetConflict(answer.json()["error"])
        if answer.status_code in {400, 422}:
            raise TargetRefused(answer.json()["error"])
        return answer

    def describe(self, workload: str) -> Json:
        """Return a workload's state."""
        found: Json = self._call("GET", f"/workloads/{workload}").json()
        return found

    def preview(self, request: Json) -> Json:
        """Return what a request would change."""
        found: Json = self._call("POST", "/preview", request).json()
        return found

    def apply(self, request: Json) -> Json:
        """Do a request once."""
        found: Json = self._call("POST", "/apply", request).json()
        return found

    def find_by_key(self, key: str) -> Json | None:
        """Look a request up."""
        answer = self._call("GET", f"/applied/{key}")
        return answer.json() if answer.status_code == 200 else None


class LabExecutor:
    """Acts on the practice system."""

    name = "lab"

    def __init__(self, client: LabActions) -> None:
        self._client = client

    def check(self) -> str:
        """Say that everything in the practice system may be changed."""
        return "This is the practice system: every action acts on it, and on nothing else."

    def observe(self, target: str) -> TargetState:
        """Return the workload's live state."""
        found = self._client.describe(target)
        return TargetState(
            name=found["name"], uid=found["uid"], version=found["resource_version"],
            replicas=found["replicas"], ready=found["ready"], revision=found["revision"],
            image=found["image"], total_pods=found["total_pods"],
            updated=found["updated"], at_once=1, config=found["config"],
            config_history=tuple(
                ConfigChange(c["key"], c["before"], c["after"], c["at"]) for c in found["config_history"]
            ),
            revisions=tuple(r["revision"] for r in found["revisions"]),
            tags={r["revision"]: r["tag"] for r in found["revisions"]},
        )  # fmt: skip

    def dry_run(self, request: Request) -> DryRun:
        """Return what the request would change."""
        found = self._client.preview(dict(request))
        before = {k: str(v) for k, v in found["before"].items()}
        return DryRun(before, {k: str(v) for k, v in found["after"].items()})

    def execute(self, request: Request, *, uid: str, version: str, key: str) -> dict[str, str]:
        """Do the request once."""
        body = {**request, "uid": uid, "resource_version": version, "idempotency_key": key}
        return {k: str(v) for k, v in self._client.apply(body).items()}

    def find_by_key(self, key: str, *, target: str) -> dict[str, str] | None:
        """Look a request up; the lab keeps them by key alone."""
        found = self._client.find_by_key(key)
        return None if found is None else {k: str(v) for k, v in found.items()}


def open_configured() -> LabExecutor:
    """Return the executor of ``settings.LAB_SOCKET``."""
    from django.conf import settings  # noqa: PLC0415  # keeps the port free of Django

    return LabExecutor(HttpLabActions(settings.LAB_SOCKET))
