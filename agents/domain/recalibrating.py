"""Refitting the calibration map on graded outcomes: proposed by code, accepted by a person."""

from collections.abc import Sequence
from dataclasses import asdict

from django.contrib.auth.models import User
from django.db import transaction

from agents.models import CalibrationFit
from agents.reconciler.calibration import INPUTS, CalibrationMap, from_json, shipped
from agents.reconciler.posterior import Claim
from investigations.domain.audit import record_audit
from investigations.domain.clock import database_now
from investigations.errors import BoardError
from investigations.queries.grades import WANTED, Graded, list_graded

FOLDS = 5
# A proposal says something new only when so many more diagnoses have been graded.
NEWS = 10


def map_in_use() -> CalibrationMap:
    """Return the newest accepted map, or the one that comes with this version. One query."""
    fit = CalibrationFit.objects.filter(accepted_at__isnull=False).order_by("-accepted_at").first()
    return map_of(fit) if fit else shipped()


def map_of(fit: CalibrationFit) -> CalibrationMap:
    """Return a stored fit as a map."""
    return from_json({"version": fit.version, "cases": fit.cases, "coefficients": fit.coefficients})


def propose_fit() -> CalibrationFit | None:
    """Fit a map on the graded real incidents and store it as a proposal.

    Idempotent: nothing is stored while fewer than 30 are graded, or hardly more than at the last
    fit. Practice incidents never count.
    """
    from agents.reconciler.fitting import fit_map, sureness  # noqa: PLC0415  # numpy, seldom

    graded = list_graded(practice=False)
    last = CalibrationFit.objects.first()
    if len(graded) < max(WANTED, last.cases + NEWS if last else 0):
        return None
    pairs = [(claim_from(g.claim), g.worth) for g in graded]
    version = f"{database_now():%Y-%m-%d}/{len(pairs)}"
    start = shipped()
    told: list[tuple[float, float]] = []
    for fold in range(FOLDS):
        rest = [pair for i, pair in enumerate(pairs) if i % FOLDS != fold]
        judged = fit_map(rest, version=version, start=start)
        told += [
            (judged.apply(c), worth) for i, (c, worth) in enumerate(pairs) if i % FOLDS == fold
        ]
    found = fit_map(pairs, version=version, start=start)
    fit, _ = CalibrationFit.objects.get_or_create(
        version=version,
        defaults={
            "cases": len(pairs),
            "coefficients": dict(zip(INPUTS, found.coefficients, strict=True)),
            "before": asdict(sureness(_claimed(graded))),
            "after": asdict(sureness(told)),
        },
    )
    return fit


def _claimed(graded: Sequence[Graded]) -> list[tuple[float, float]]:
    return [(g.claimed, g.worth) for g in graded]


def claim_from(found: dict[str, object]) -> Claim:
    """Read a diagnosis's stored claim."""
    return Claim(
        posterior=float(str(found["posterior"])), lead=float(str(found["lead"])),
        is_catch_all=bool(found["is_catch_all"]), kinds=int(str(found["kinds"])),
    )  # fmt: skip


def accept_fit(*, fit_id: int, user: User) -> CalibrationFit:
    """Use a proposed map from now on. Verdicts that were reached before keep their numbers.

    Raises:
        BoardError: There is no such proposal, or a newer one.
    """
    with transaction.atomic():
        newest = CalibrationFit.objects.select_for_update().order_by("-pk").first()
        if newest is None or newest.pk != fit_id:
            raise BoardError("There is a newer proposal. Look at it first; nothing was changed.")
        if newest.accepted_at is None:
            newest.accepted_at, newest.accepted_by = database_now(), user
            newest.save(update_fields=["accepted_at", "accepted_by"])
            record_audit(actor=f"person/{user.get_username()}", verb="calibration.accepted",
                         subject=f"calibration/{newest.pk}",
                         detail={"version": newest.version, "cases": newest.cases})  # fmt: skip
    return newest
