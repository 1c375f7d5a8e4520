"""What people think that evidence says, as dissent beside the rules."""

from collections.abc import Iterable
from dataclasses import dataclass

from investigations.queries.objects import BoardObject

SAYS = {"supports": "supports", "refutes": "refutes", "neutral": "says nothing of"}


@dataclass(frozen=True, slots=True)
class PersonDissent:
    """One person's view of one cell of the matrix."""

    name: str
    evidence: int
    hypothesis: int
    kind: str
    reason: str

    @property
    def says(self) -> str:
        """What the evidence does to the hypothesis, in that person's eyes."""
        return SAYS.get(self.kind, self.kind)


def dissents_of(views: Iterable[BoardObject]) -> tuple[PersonDissent, ...]:
    """Return the views that stand, in the order of the evidence."""
    found = [
        PersonDissent(
            str(v["author"]).removeprefix("person/"), int(str(v["evidence"])),
            int(str(v["hypothesis"])), str(v["kind"]), str(v["reason"]),
        )
        for v in views
        if v["withdrawn_at"] is None
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda d: (d.evidence, d.hypothesis, d.name)))
