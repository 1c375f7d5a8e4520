"""Acts on Deployments of a real cluster, with an identity of its own.

Every change is one JSON patch that tests the object's uid and resourceVersion, and carries a marker
annotation: it happens at most once, and whether it did can be read from the object.
"""

import json
import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from remediation.errors import ExecutorError, TargetConflict, TargetRefused
from remediation.executors.kubernetes_patches import (
    Json,
    Operation,
    deployment_state,
    marked,
    marks_of,
    operations_for,
    summary_of,
)
from remediation.executors.ports import DryRun, Request, TargetState
from telemetry.adapters.kubernetes.api import (
    AnswerTooLarge,
    ClusterAccess,
    Reply,
    message_of,
    open_client,
    request,
)
from telemetry.adapters.kubernetes.rollouts import Revision, history
from telemetry.errors import NotAuthorised, QueryRejected, TelemetryError

APPS = "/apis/apps/v1/namespaces/{}"
# The server gives up on a change after this, so that none lands after we have looked it up.
SERVER_SECONDS = 5
ATTEMPTS = 6
NEEDED = frozenset({"name", "namespace", "uid", "resourceVersion"})
HANDLED = frozenset({404, 409, 410, 422, 429})


class KubernetesExecutor:
    """The executor port on an API server. Targets are names of Deployments."""

    name = "kubernetes"

    def __init__(self, access: ClusterAccess) -> None:
        self._access = access

    @cached_property
    def _client(self) -> Any:
        return open_client(self._access)

    def check(self) -> str:
        """Ask the API server whether this identity may patch Deployments, in each namespace."""
        allowed: list[str] = []
        refused: list[str] = []
        for namespace in self._access.namespaces:
            asked = {"namespace": namespace, "verb": "patch", "group": "apps",
                     "resource": "deployments"}  # fmt: skip
            reply = self._ask(
                "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                body={"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
                      "spec": {"resourceAttributes": asked}},
            )  # fmt: skip
            if reply.status >= 300:
                raise ExecutorError(f"The cluster did not say: {message_of(reply.body)}")
            is_allowed = _parsed(reply).get("status", {}).get("allowed")
            (allowed if is_allowed else refused).append(namespace)
        if not allowed:
            raise TargetRefused(
                f"It may change no Deployment in {', '.join(refused)}: bind "
                "deploy/rbac/remediator.yaml there."
            )
        rest = f" Not in {', '.join(refused)}." if refused else ""
        return f"It may change Deployments in {', '.join(allowed)}.{rest}"

    def observe(self, target: str) -> TargetState:
        """Return the Deployment's live state."""
        found, revisions = self._find(target)
        total = sum(
            int(item.get("spec", {}).get("replicas", 1))
            for namespace in self._access.namespaces
            for item in self._list(f"{APPS.format(namespace)}/deployments")
        )
        return deployment_state(found, revisions, total)

    def dry_run(self, request: Request) -> DryRun:
        """Let the server say what the request would change; changes nothing."""
        found, revisions = self._find(str(request["workload"]))
        reply = self._patch(found, operations_for(request, found, revisions), is_dry=True)
        if reply.status >= 300:
            raise TargetRefused(f"The cluster would refuse it: {message_of(reply.body)}")
        before, after = summary_of(found), summary_of(_deployment(reply))
        changed = [key for key in sorted(before.keys() | after.keys())
                   if before.get(key) != after.get(key)]  # fmt: skip
        kept = {side: {k: v for k, v in values.items() if k in changed}
                for side, values in (("before", before), ("after", after))}  # fmt: skip
        return DryRun(kept["before"], kept["after"])

    def execute(self, request: Request, *, uid: str, version: str, key: str) -> dict[str, str]:
        """Do the request if the Deployment is still the one that was planned for.

        ``version`` is its generation: the status may have moved on, what it should be may not.
        """
        for attempt in range(ATTEMPTS):
            found, revisions = self._find(str(request["workload"]))
            if key in marks_of(found):
                return self._done(found, key)
            self._check(found, uid, version)
            operations = operations_for(request, found, revisions)
            reply = self._patch(found, [*operations, *marked(found, key)])
            if reply.status < 300:
                return self._done(_deployment(reply), key)
            if reply.status in {404, 410}:
                raise TargetConflict("The Deployment is gone.")
            if reply.status == 429:
                if attempt == ATTEMPTS - 1:
                    raise TargetRefused(f"The cluster has no capacity: {message_of(reply.body)}")
                time.sleep(0.2 * (attempt + 1))
            elif reply.status not in {409, 422} or not self._has_moved(found):
                raise TargetRefused(f"The cluster refused it: {message_of(reply.body)}")
        raise TargetConflict("The Deployment changes too often to be patched safely.")

    def find_by_key(self, key: str, *, target: str) -> dict[str, str] | None:
        """Read from the Deployment whether the request with this key was done."""
        found, _ = self._find(target)
        return self._done(found, key) if key in marks_of(found) else None

    def _check(self, found: Json, uid: str, version: str) -> None:
        meta = found["metadata"]
        if meta["uid"] != uid:
            raise TargetConflict(f"{meta['name']} was replaced by another Deployment since.")
        if str(meta.get("generation")) != version:
            raise TargetConflict(
                f"{meta['name']} was changed since the plan was made (generation "
                f"{meta.get('generation')}, not {version})."
            )

    def _has_moved(self, found: Json) -> bool:
        """Whether a refused patch was only late: the object has another resourceVersion now."""
        now, _ = self._find(found["metadata"]["name"])
        return bool(now["metadata"]["resourceVersion"] != found["metadata"]["resourceVersion"])

    def _done(self, found: Json, key: str) -> dict[str, str]:
        meta = found["metadata"]
        return {"key": key, "generation": str(meta.get("generation", "")),
                "resource_version": str(meta["resourceVersion"]), **summary_of(found)}  # fmt: skip

    def _find(self, target: str) -> tuple[Json, list[Revision]]:
        """Return the Deployment of this name and its revisions.

        Raises:
            TargetRefused: None or several of this name, or the identity may not read it.
            ExecutorError: The server does not answer.
        """
        found = []
        for namespace in self._access.namespaces:
            reply = self._ask("GET", f"{APPS.format(namespace)}/deployments/{target}")
            if reply.status < 300:
                found.append(_deployment(reply))
        if len(found) != 1:
            where = ", ".join(self._access.namespaces)
            count = "no" if not found else "more than one"
            raise TargetRefused(f"There is {count} Deployment {target!r} in {where}.")
        space = found[0]["metadata"]["namespace"]
        sets = self._list(f"{APPS.format(space)}/replicasets")
        return found[0], history(found[0], sets)

    def _list(self, path: str) -> list[Json]:
        reply = self._ask("GET", path)
        if reply.status >= 300:
            raise ExecutorError(f"The cluster did not list {path}: {message_of(reply.body)}")
        items: list[Json] = _parsed(reply).get("items") or []
        return items

    def _patch(self, found: Json, operations: list[Operation], *, is_dry: bool = False) -> Reply:
        meta = found["metadata"]
        # A preview may come a status update late; a change may not.
        tested = ("uid",) if is_dry else ("uid", "resourceVersion")
        guard: list[Operation] = [
            {"op": "test", "path": f"/metadata/{name}", "value": meta[name]} for name in tested
        ]
        query = {"timeout": f"{SERVER_SECONDS}s", "fieldManager": "sre-workspace"}
        if is_dry:
            query["dryRun"] = "All"
        path = f"{APPS.format(meta['namespace'])}/deployments/{meta['name']}"
        return self._ask("PATCH", path, query, body=[*guard, *operations],
                         content_type="application/json-patch+json")  # fmt: skip

    def _ask(
        self, method: str, path: str, query: Mapping[str, str] | None = None, *,
        body: object = None, content_type: str = "application/json",
    ) -> Reply:  # fmt: skip
        try:
            return request(
                self._client, self._access.deadline_seconds, method, path, query,
                body=body, content_type=content_type, accepted=HANDLED,
            )  # fmt: skip
        except AnswerTooLarge as error:
            raise ExecutorError(_sentence(error)) from error
        except (NotAuthorised, QueryRejected) as error:
            raise TargetRefused(_sentence(error)) from error
        except TelemetryError as error:
            raise ExecutorError(_sentence(error)) from error


def _sentence(error: Exception) -> str:
    """Return an error's words with a capital first letter, and names as they are."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}"


def _parsed(reply: Reply) -> Json:
    """Return an answer's object. One that cannot be read leaves open what was done."""
    try:
        found = json.loads(reply.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ExecutorError(f"The cluster's answer cannot be read: {message_of(reply.body)}")
    return found


def _deployment(reply: Reply) -> Json:
    """Return the Deployment that an answer holds."""
    found = _parsed(reply)
    meta = found.get("metadata")
    if not isinstance(meta, dict) or not meta.keys() >= NEEDED:
        raise ExecutorError("The cluster's answer cannot be read: it holds no Deployment.")
    return found


def open_configured() -> KubernetesExecutor | None:
    """Return the executor of ``settings.KUBERNETES``, if this process holds its identity."""
    from django.conf import settings  # noqa: PLC0415  # keeps the port free of Django

    found = settings.KUBERNETES
    if not found["remediate_kubeconfig"] and not found["may_remediate_in_cluster"]:
        return None
    return KubernetesExecutor(
        ClusterAccess(
            kubeconfig=found["remediate_kubeconfig"], namespaces=tuple(found["namespaces"])
        )
    )
