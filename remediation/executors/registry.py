"""Which executor acts for which telemetry."""

from collections.abc import Iterator
from contextlib import contextmanager

from remediation.errors import NotPlannable
from remediation.executors import kubernetes, lab
from remediation.executors.ports import Executor

_overrides: list[Executor] = []


def executor_for(kind: str) -> Executor:
    """Return the executor for an investigation whose telemetry is of this kind.

    Raises:
        NotPlannable: Nothing can be changed there (a recording, say).
    """
    if _overrides:
        return _overrides[-1]
    if kind == "lab":
        return lab.open_configured()
    if kind in {"live", "kubernetes"}:
        found = kubernetes.open_configured()
        if found is None:
            raise NotPlannable(
                "No identity that may change the cluster is configured: set "
                "KUBERNETES_REMEDIATE_KUBECONFIG for the remediate worker."
            )
        return found
    raise NotPlannable("Nothing can be changed here: this is a recording.")


@contextmanager
def override_executor(executor: Executor) -> Iterator[None]:
    """Let every investigation act through this executor, for tests."""
    _overrides.append(executor)
    try:
        yield
    finally:
        _overrides.pop()
