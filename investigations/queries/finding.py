"""What the command palette finds: a few of everything, each with its address. Bounded queries."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from django.contrib.postgres.search import SearchQuery
from django.db.models import F, Q, QuerySet
from django.urls import reverse

from investigations.errors import NotFound
from investigations.models import (
    Evidence,
    Hypothesis,
    Incident,
    Investigation,
    KnowledgeChunk,
    KnowledgeDocument,
    Service,
    ServiceDependency,
)
from investigations.queries.access import access_investigation
from investigations.rules import AnyUser, can_view
from investigations.typed_text import read_number, title_or_untitled

EACH = 6
LONGEST = 120
# Titles are looked through among so many of the newest incidents; older ones are found by words.
NEWEST = 2000
# Evidence is many times as much.
RECENT = 100
PAGES = (("Rules for changes: what is forbidden or asked for", "/autonomy/rules/"),)
NUMBERED = re.compile(r"^(inc|[ehd])[- ]?([0-9]{1,9})$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """One result: what it is, in words, and where it is."""

    text: str
    kind: str
    href: str


def find(user: AnyUser, text: str, *, incident_id: int | None = None) -> list[Found]:
    """Return what a person may see that fits the text: in this incident first, then elsewhere.

    At most ``EACH`` of each kind, in at most eleven queries whatever there is. Nothing for somebody
    without a role.
    """
    words = " ".join(text.split())[:100]
    if not words or not can_view(user):
        return []
    here = _investigation(user, incident_id)
    found = [*_here(here, words), *_incidents(words), *_services(words), *_pages(words)]
    if NUMBERED.match(words) is None and read_number(words) is None:
        found += [*_hypotheses(words, here), *_documents(words), *_evidence(words, here)]
    return list({row.href: row for row in found}.values())


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _investigation(user: AnyUser, incident_id: int | None) -> Investigation | None:
    if incident_id is None:
        return None
    try:
        return access_investigation(user, incident_id)
    except NotFound:
        return None


def _here(here: Investigation | None, words: str) -> list[Found]:
    if here is None:
        return []
    named = NUMBERED.match(words)
    number = read_number(named[2]) if named else None
    evidence = Evidence.objects.filter(investigation=here)
    hypotheses = Hypothesis.objects.filter(investigation=here)
    if number is not None:
        evidence = evidence.filter(number=number)
        hypotheses = hypotheses.filter(number=number)
    else:
        evidence = evidence.filter(Q(claim__icontains=words) | Q(resource__icontains=words))
        hypotheses = hypotheses.filter(claim__icontains=words)
    kind = named[1].lower() if named else ""
    pk = here.incident_id
    found = []
    if kind in {"", "h"}:
        found += [
            Found(_cut(f"H{h.number} {h.claim}"), "Hypothesis", reverse("hypothesis", args=(pk, h.number)))
            for h in hypotheses.order_by("number")[:EACH]
        ]  # fmt: skip
    if kind in {"", "e"}:
        found += [
            Found(_cut(f"E{e.number} {e.claim}"), "Evidence", reverse("evidence", args=(pk, e.number)))
            for e in evidence.only("number", "claim").order_by("-number")[:EACH]
        ]  # fmt: skip
    return found


def _incidents(words: str) -> list[Found]:
    named = NUMBERED.match(words)
    number = read_number(words) if named is None else read_number(named[2])
    if named is not None and named[1].lower() != "inc":
        return []
    with_cause = Incident.objects.annotate(cause=F("memory__fault_class"))
    if number is not None:
        rows = list(with_cause.filter(pk=number))
    else:
        newest = Incident.objects.order_by("-pk").values_list("pk", flat=True)[:NEWEST]
        rows = list(
            with_cause.filter(pk__in=newest)
            .filter(
                Q(title__icontains=words)
                | Q(resource__icontains=words)
                | Q(memory__fault_class__icontains=words.replace(" ", "_"))
            )
            .order_by("-pk")[:EACH]
        )
        if len(rows) < EACH:
            query = SearchQuery(words, config="english", search_type="websearch")
            older = with_cause.filter(memory__words=query).exclude(pk__in=[r.pk for r in rows])
            rows += list(older.order_by("-pk")[: EACH - len(rows)])
    return [
        Found(_cut(f"INC-{r.pk} {title_or_untitled(r.title)}"), _kind_of(r, r.cause or ""),
              reverse("room", args=(r.pk,)))
        for r in rows
    ]  # fmt: skip


def _kind_of(incident: Incident, cause: str) -> str:
    why = f", {cause.replace('_', ' ')}" if cause else ""
    return f"{incident.get_severity_display()} incident{why}"


def _services(words: str) -> list[Found]:
    """Return services with a page of their own, then names that only the topology knows."""
    fits = Q(name__icontains=words) | Q(key__icontains=words) | Q(owner__icontains=words)
    owned = list(Service.objects.filter(fits).order_by("name", "pk")[:EACH])
    found = [
        Found(s.name, f"Service{f' of {s.owner}' if s.owner else ''}",
              reverse("service", args=[s.slug]))
        for s in owned
    ]  # fmt: skip
    rows = ServiceDependency.objects.filter(callee__icontains=words).exclude(
        callee__in=Service.objects.values("key")
    )
    keys = rows.values_list("callee", flat=True).distinct()[: EACH * 2]
    names = sorted({key.rpartition("/")[2] for key in keys})
    found += [
        Found(name, "Service: past incidents", f"{reverse('history')}?service={quote(name)}")
        for name in names
    ]
    return found[:EACH]


def _hypotheses(words: str, here: Investigation | None) -> list[Found]:
    """Return what was suspected in other incidents, among the newest of them. One query."""
    fits = Q(claim__icontains=words) | Q(fault_class__icontains=words.replace(" ", "_"))
    rows = Hypothesis.objects.filter(fits, investigation__in=_newest(NEWEST))
    rows = rows.exclude(investigation=here).select_related("investigation").order_by("-pk")
    return [
        Found(_cut(f"H{h.number} {h.claim}"),
              f"Hypothesis of INC-{h.investigation.incident_id}, {h.get_state_display().lower()}",
              reverse("hypothesis", args=(h.investigation.incident_id, h.number)))
        for h in rows[:EACH]
    ]  # fmt: skip


def _evidence(words: str, here: Investigation | None) -> list[Found]:
    """Return what was seen in other incidents, among the very newest of them. One query."""
    rows = Evidence.objects.filter(claim__icontains=words, investigation__in=_newest(RECENT))
    rows = rows.exclude(investigation=here).select_related("investigation")
    found = rows.only("number", "claim", "investigation__incident_id").order_by("-pk")
    return [
        Found(_cut(f"E{e.number} {e.claim}"), f"Evidence of INC-{e.investigation.incident_id}",
              reverse("evidence", args=(e.investigation.incident_id, e.number)))
        for e in found[:EACH]
    ]  # fmt: skip


def _newest(count: int) -> QuerySet[Investigation, int]:
    return Investigation.objects.order_by("-pk").values_list("pk", flat=True)[:count]


def _documents(words: str) -> list[Found]:
    """Return runbooks and post-mortems with the words, in their title or a passage. One query."""
    query = SearchQuery(words, config="english", search_type="websearch")
    chunks = KnowledgeChunk.objects.filter(words=query).values("document")
    rows = KnowledgeDocument.objects.filter(
        Q(title__icontains=words) | Q(pk__in=chunks), retired_at__isnull=True
    )
    return [
        Found(_cut(d.title), d.get_kind_display().capitalize(), reverse("document", args=[d.pk]))
        for d in rows.only("title", "kind").order_by("-pk")[:EACH]
    ]


def _pages(words: str) -> list[Found]:
    """Return pages that no menu names."""
    return [Found(name, "Page", path) for name, path in PAGES if words.lower() in name.lower()]
