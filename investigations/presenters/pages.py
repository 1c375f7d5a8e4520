"""The pages beside the room: the graph, one hypothesis and one piece of evidence in full."""

import json
from dataclasses import dataclass

from investigations.enums import BoardEventKind
from investigations.models import (
    HURT_FEATURES,
    BoardEvent,
    Evidence,
    Hypothesis,
    Investigation,
    Stance,
)
from investigations.phrases import out_by_person, plain_rule, shared_with
from investigations.presenters.axis import clock
from investigations.presenters.cards import CardView
from investigations.presenters.consensus import ChainNode, chain_of
from investigations.presenters.graph import (
    ChainFigure,
    ChainStep,
    Graph,
    build_graph,
    draw_chain,
)
from investigations.presenters.rivals import Rivalry, leading_number, rivalry_of
from investigations.presenters.series import label_of
from investigations.queries.deciding import weights_now
from telemetry.phrasing import quantity

HISTORY = 60


@dataclass(frozen=True, slots=True)
class Test:
    """One test of a hypothesis: what was looked for, by which evidence, and what it said."""

    stance: Stance
    looked_for: str
    outcome: str


@dataclass(frozen=True, slots=True)
class HypothesisPage:
    """A hypothesis with what it predicted, what was found, and how it fared.

    ``whole``: the hypothesis that it is a part of, or the same as, if it is.
    """

    supports: tuple[Test, ...]
    refutes: tuple[Test, ...]
    neutral: tuple[Test, ...]
    history: tuple[BoardEvent, ...]
    total: float
    rivalry: Rivalry
    whole: Hypothesis | None
    is_out_by_person: bool

    @property
    def is_tested_there(self) -> bool:
        """Whether it has no tests of its own: those of the whole are its tests."""
        return self.whole is not None and not (self.supports or self.refutes or self.neutral)


def hypothesis_page(row: Hypothesis) -> HypothesisPage:
    """Read a hypothesis's tests, its history and its rivals. Five queries at most."""
    stances = Stance.objects.filter(hypothesis=row).select_related("evidence")
    tests = [_test(s) for s in stances.order_by("-weight_decibans")]
    key = f"H{row.number}"
    events = BoardEvent.objects.filter(
        investigation_id=row.investigation_id,
        kind=BoardEventKind.HYPOTHESIS_CHANGED,
        payload__upsert__hypotheses__has_key=key,
    ).order_by("sequence")[:HISTORY]
    verdicts = row.investigation.diagnoses.order_by("-number").select_related("hypothesis")
    verdict = verdicts.first()
    return HypothesisPage(
        supports=tuple(t for t in tests if t.stance.weight_decibans >= 1),
        refutes=tuple(t for t in reversed(tests) if t.stance.weight_decibans <= -1),
        neutral=tuple(t for t in tests if abs(t.stance.weight_decibans) < 1),
        history=tuple(events),
        total=sum(t.stance.weight_decibans for t in tests),
        rivalry=rivalry_of(row, weights_now(row.investigation), leading_number(verdict)),
        whole=_whole_of(row),
        is_out_by_person=bool(out_by_person(row.ruled_out_by)[0]),
    )


def _whole_of(row: Hypothesis) -> Hypothesis | None:
    shared = shared_with(row.note)
    if not shared:
        return None
    number = int(shared.rpartition("H")[2])
    return row.investigation.hypotheses.filter(number=number).first()


def _test(stance: Stance) -> Test:
    looked_for, _, outcome = plain_rule(stance.rule).partition(": ")
    return Test(stance, looked_for, outcome or "weighed")


@dataclass(frozen=True, slots=True)
class GraphPage:
    """The chain and what the incident touches, as figures and as lists."""

    chain: ChainFigure
    graph: Graph
    steps: tuple[ChainNode, ...]


def graph_page(investigation: Investigation, *, is_whole: bool) -> GraphPage:
    """Return an investigation's chain and the topology around it. Three queries.

    Hurt is what evidence shows slow or failing, and what alerted.
    """
    diagnosis = investigation.diagnoses.order_by("-number").first()
    links = diagnosis.causal_chain if diagnosis else []
    views = chain_of(diagnosis) if diagnosis else ()
    chain = tuple(
        ChainStep(str(link["resource"]), view.text, view.evidence, view.is_inferred, view.is_late,
                  view.onset_at)
        for link, view in zip(links, views, strict=True)
    )  # fmt: skip
    hurt: dict[str, tuple[str, int | None]] = {}
    rows = Evidence.objects.filter(
        investigation=investigation, feature__in=HURT_FEATURES, magnitude__isnull=False, peer=""
    ).order_by("number")
    for row in rows[:200]:
        hurt.setdefault(row.resource, (row.claim, row.number))
    alerts = investigation.incident.alerts.order_by("id").values_list("resource", "summary", "name")
    for resource, summary, name in alerts[:200]:
        hurt.setdefault(resource, (f"alert: {summary or name}", None))
    edges = [(str(a), str(b)) for a, b in investigation.scope.get("edges", [])]
    symptom = investigation.incident.resource
    graph = build_graph(edges, chain=chain, symptom=symptom, affected=hurt, is_whole=is_whole)
    return GraphPage(draw_chain(chain), graph, views)


@dataclass(frozen=True, slots=True)
class Chart:
    """A series for the page of one piece of evidence: drawn by script, told by a table."""

    label: str
    unit: str
    sentence: str
    points: tuple[tuple[float, float | None], ...]

    @property
    def points_json(self) -> str:
        """The points for the page's script, in an attribute: no data stands in a script element."""
        return json.dumps(self.points, separators=(",", ":"))

    @property
    def rows(self) -> list[tuple[str, str]]:
        """The points for a table."""
        return [
            (clock(t), "no value" if v is None else quantity(v, self.unit)) for t, v in self.points
        ]


def chart_of(card: CardView) -> Chart | None:
    """Return the series behind a card, or None."""
    sample = card.row.sample
    times, values = sample.get("times"), sample.get("values")
    if not isinstance(times, list) or not isinstance(values, list) or not times:
        return None
    points = tuple(
        (float(t), None if v is None else float(v)) for t, v in zip(times, values, strict=False)
    )
    known = [v for _, v in points if v is not None]
    if not known:
        return None
    of = str(sample.get("of", ""))
    label = label_of(card.row.feature, str(sample.get("series", "")), of=of)
    place = card.row.resource.rpartition("/")[2]
    unit = str(sample.get("unit", ""))
    sentence = (
        f"{label} of {place}: from {quantity(min(known), unit)} to {quantity(max(known), unit)}, "
        f"{quantity(known[-1], unit)} at the end."
    )
    return Chart(label, unit, sentence, points)
