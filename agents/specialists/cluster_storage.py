"""Why a claim finds no volume, and claims that are not there."""

import re
from collections.abc import Iterator

from agents.findings import Finding
from agents.specialists.cluster_view import ClusterView
from telemetry.cluster import ClaimState, VolumeState
from telemetry.phrasing import size
from telemetry.types import WorkloadState

NO_CLASS = re.compile(r"storageclass\S* \"?[\w.-]+\"? not found", re.I)
# Another pod has it, as the attaching controller says.
ATTACHED = re.compile(r"multi-attach error|already (used by pod|(exclusively )?attached to)", re.I)
FREE = {"Available", ""}
# What is told first where several things differ.
ORDER = ("claim_class_mismatch", "claim_selector_mismatch", "claim_mode_mismatch",
         "claim_capacity_mismatch", "volume_occupied")  # fmt: skip


def check_storage(view: ClusterView) -> Iterator[Finding]:
    """Explain every claim that waits and that a workload without pods needs."""
    claims = {c.name: c for c in view.details.claims}
    for name, workload in view.unready.items():
        for wanted in workload.template.claims if workload.template else ():
            claim = claims.get(wanted)
            if claim is None:
                if claims or "PersistentVolumeClaim" in view.details.listed:
                    said = f"{name} uses the claim {wanted}, which does not exist."
                    yield view.finding("claim_missing", workload.resource, said)
            elif claim.phase != "Bound":
                said = f"The claim {wanted} of {name} waits for a volume ({claim.phase})."
                yield view.finding("claim_unbound", workload.resource, said)
                yield from _explain(view, workload, claim)
            elif held := view.said(name, ATTACHED):
                said = f"The volume of the claim {wanted} of {name} is attached elsewhere."
                yield view.finding("volume_occupied", workload.resource, said, event=held[0])


def _explain(view: ClusterView, workload: WorkloadState, claim: ClaimState) -> Iterator[Finding]:
    name = workload.resource.name
    known = view.details.has("StorageClass", claim.storage_class or "")
    events = [*view.said(claim.name, NO_CLASS), *view.said(name, NO_CLASS)]
    every = view.details.volumes
    # A claim that names its volume takes no other.
    volumes = [v for v in every if v.name == claim.volume] or every
    is_gone = bool(claim.storage_class) and (known is False or bool(events))
    if is_gone and not any(v.storage_class == claim.storage_class for v in volumes):
        said = (f"The claim {claim.name} of {name} asks for the storage class "
                f"{claim.storage_class}, which does not exist.")  # fmt: skip
        yield view.finding("claim_class_mismatch", workload.resource, said,
                           event=events[0] if events else None)  # fmt: skip
        return
    rated = sorted(
        ((differences(claim, v), v) for v in volumes),
        key=lambda pair: (len(pair[0]), "volume_occupied" in pair[0], pair[1].name),
    )
    if not rated:
        return
    found, volume = rated[0]
    for feature in ORDER:
        if feature in found:
            said = f"The claim {claim.name} of {name} {_words(feature, claim, volume)}"
            yield view.finding(feature, workload.resource, said,
                               strength=1.0 if len(found) == 1 else 0.8)  # fmt: skip
            return


def differences(claim: ClaimState, volume: VolumeState) -> set[str]:
    """Return what keeps a claim from a volume, as features."""
    found = set()
    if volume.storage_class != (claim.storage_class or ""):
        found.add("claim_class_mismatch")
    if not set(claim.labels) <= set(volume.labels):
        found.add("claim_selector_mismatch")
    if not set(claim.access_modes) <= set(volume.access_modes):
        found.add("claim_mode_mismatch")
    if claim.requested_bytes > volume.capacity_bytes:
        found.add("claim_capacity_mismatch")
    if volume.phase not in FREE:
        found.add("volume_occupied")
    return found


def _words(feature: str, claim: ClaimState, volume: VolumeState) -> str:
    return {
        "claim_class_mismatch": f"asks for the storage class {claim.storage_class or 'none'}; "
                                f"{volume.name} is of {volume.storage_class or 'none'}.",
        "claim_selector_mismatch": "asks for volumes labelled "
                                   f"{', '.join(f'{k}={v}' for k, v in claim.labels)}; none is.",
        "claim_mode_mismatch": f"asks for {', '.join(claim.access_modes)}; {volume.name} offers "
                               f"{', '.join(volume.access_modes)}.",
        "claim_capacity_mismatch": f"asks for {size(claim.requested_bytes)}; {volume.name} has "
                                   f"{size(volume.capacity_bytes)}.",
        "volume_occupied": f"finds {volume.name} taken by {volume.claim or 'another claim'} "
                           f"({volume.phase}).",
    }[feature]  # fmt: skip
