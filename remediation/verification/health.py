"""Whether the target itself is well after the act: a calm symptom on a half dead workload is none."""

from remediation.enums import VerificationPhase
from remediation.errors import ExecutorError, NotPlannable
from remediation.executors.registry import executor_for
from remediation.models import Action
from remediation.verification.measure import Measurement


def check_health(action: Action, *, is_late: bool) -> Measurement:
    """Read how many of the target's pods are ready, and run what is asked for; all of them must.

    PASSED when all are. FAILED as soon as the platform has given the rollout up at its first pods
    that do not become ready, and when the time is up and none is ready; else RUNNING, or
    INCONCLUSIVE when the time is up: some are ready, or the target cannot be read.
    """
    unsettled = VerificationPhase.INCONCLUSIVE if is_late else VerificationPhase.RUNNING
    try:
        state = executor_for(action.executor).observe(action.target.rpartition("/")[2])
    except (ExecutorError, NotPlannable):
        return _row(None, None, unsettled)
    # Ready and of the new version, at the most so many.
    new = min(state.ready, state.updated)
    told = f"{state.updated} of {state.replicas} replaced"
    if state.is_stuck:
        return _row(new, state.replicas, VerificationPhase.FAILED, f"{told}, then given up")
    if state.ready >= state.replicas > state.updated:
        return _row(new, state.replicas, unsettled, told)
    if state.ready >= state.replicas:
        return _row(state.ready, state.replicas, VerificationPhase.PASSED)
    is_dead = is_late and state.ready < 1
    return _row(state.ready, state.replicas, VerificationPhase.FAILED if is_dead else unsettled)


def _row(
    ready: float | None, replicas: int | None, phase: VerificationPhase, standing: str = ""
) -> Measurement:
    return Measurement(
        metric="pods_ready",
        unit="",
        baseline=replicas,
        limit=replicas,
        samples=0 if ready is None else 1,
        inside=int(phase == VerificationPhase.PASSED),
        latest=ready,
        phase=phase.value,
        is_least=True,
        standing=standing,
    )
