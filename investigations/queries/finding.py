"""What the command palette finds: a few of everything, each with its address. Bounded queries."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q
from django.urls import reverse

from investigations.errors import NotFound
from investigations.models import (
    Evidence,
    Hypothesis,
    Incident,
    Investigation,
    Service,
    ServiceDependency,
)
from investigations.queries.access import access_investigation
from investigations.rules import AnyUser, can_view
from investigations.typed_text import read_number, title_or_untitled

EACH = 6
# Titles are looked through among so many of the newest incidents; older ones are found by words.
NEWEST = 2000
NUMBERED = re.compile(r"^(inc|[ehd])[- ]?([0-9]{1,9})$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """One result: what it is, in words, and where it is."""

    text: str
    kind: str
    href: str


def find(user: AnyUser, text: str, *, incident_id: int | None = None) -> list[Found]:
    """Return what a person may see that fits the text: in this incident first, then elsewhere.

    At most ``EACH`` of each kind, in at most seven queries whatever there is. Nothing for somebody
    without a role.
    """
    words = " ".join(text.split())[:100]
    if not words or not can_view(user):
        return []
    here = _investigation(user, incident_id)
    found = [*_here(here, words), *_incidents(words), *_services(words)]
    return list({row.href: row for row in found}.values())


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
            Found(f"H{h.number} {h.claim}"[:120], "Hypothesis", reverse("hypothesis", args=(pk, h.number)))
            for h in hypotheses.order_by("number")[:EACH]
        ]  # fmt: skip
    if kind in {"", "e"}:
        found += [
            Found(f"E{e.number} {e.claim}"[:120], "Evidence", reverse("evidence", args=(pk, e.number)))
            for e in evidence.only("number", "claim").order_by("-number")[:EACH]
        ]  # fmt: skip
    return found


def _incidents(words: str) -> list[Found]:
    named = NUMBERED.match(words)
    number = read_number(words) if named is None else read_number(named[2])
    if named is not None and named[1].lower() != "inc":
        return []
    if number is not None:
        rows = list(Incident.objects.filter(pk=number))
    else:
        newest = Incident.objects.order_by("-pk").values_list("pk", flat=True)[:NEWEST]
        rows = list(
            Incident.objects.filter(pk__in=newest)
            .filter(Q(title__icontains=words) | Q(resource__icontains=words))
            .order_by("-pk")[:EACH]
        )
        if len(rows) < EACH:
            query = SearchQuery(words, config="english", search_type="websearch")
            older = Incident.objects.filter(memory__words=query).exclude(
                pk__in=[r.pk for r in rows]
            )
            rows += list(older.order_by("-pk")[: EACH - len(rows)])
    return [
        Found(f"INC-{r.pk} {title_or_untitled(r.title)}"[:120], f"{r.get_severity_display()} incident",
              reverse("room", args=(r.pk,)))
        for r in rows
    ]  # fmt: skip


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
