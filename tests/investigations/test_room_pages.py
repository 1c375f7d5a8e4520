"""The room's pages as a worked practice incident shows them: claims cited, queries constant."""

import re
from html import unescape

import pytest
from django.db import connection
from django.template.defaultfilters import floatformat
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext

from investigations.domain.board import EvidenceDraft, post_evidence
from investigations.domain.hypotheses import propose_hypothesis
from investigations.enums import EvidenceKind
from investigations.models import BoardEvent, Diagnosis, Evidence, Hypothesis
from investigations.presenters.words import NAMES
from investigations.render import render_update
from investigations.scale import BANDS
from tests.factories.board import NOON, open_board
from tests.factories.lab import open_lab_incident
from tests.factories.people import person

pytestmark = pytest.mark.integration
EVERY = ("", "matrix/", "graph/", "timeline/", "evidence/?before=9&shown=5", "e/1/", "h/1/", "a/1/")


def client_of(name: str, *roles: str) -> Client:
    client = Client()
    client.force_login(person(name, *roles))
    return client


@pytest.mark.django_db(transaction=True)
def test_a_worked_incident_on_every_page() -> None:
    incident = open_lab_incident("retry_storm")
    with incident.stack:
        client, board = client_of("mira", "approver"), incident.investigation
        at = f"/i/{board.incident_id}/"
        pages = {path: client.get(at + path) for path in EVERY if path != "a/1/"}
        assert {p.status_code for p in pages.values()} == {200}
        room = pages[""].content.decode()
        cited = [int(n) for n in re.findall(r'class="cite"[^>]*>\[E(\d+)\]', room)]
        assert cited
        assert set(cited) <= set(Evidence.objects.values_list("number", flat=True))
        _cards_are_complete(room)
        _words_match_numbers(room)
        _from_events_as_from_the_page(board.pk, room)


def _every_card(client: Client, at: str) -> str:
    """Return the room with all of its older pages of cards."""
    page = whole = client.get(at).content.decode()
    while older := re.search(r"evidence/\?before=(\d+)&amp;shown=(\d+)", page):
        page = client.get(f"{at}evidence/?before={older[1]}&shown={older[2]}").content.decode()
        whole += page
    return unescape(whole)


def _one_record_of_a_service(client: Client, at: str, diagnosis: Diagnosis) -> None:
    """What metrics, logs and traces tell of one service stands in one record: its hypothesis."""
    leader, blamed = diagnosis.hypothesis, diagnosis.resource
    told = [s.evidence for s in leader.stances.select_related("evidence") if s.kind == "supports"]
    about = [e for e in told if blamed in {e.resource, e.peer}]
    assert {"metric", "log", "trace", "change"} <= {e.kind for e in about}
    page = unescape(client.get(f"{at}h/{leader.number}/").content.decode())
    assert all(f'href="{at}e/{e.number}/"' in page for e in about)


@pytest.mark.capability(8, 14, 15, 17, 36)
@pytest.mark.django_db(transaction=True)
def test_each_card_opens_to_its_query_its_excerpt_and_its_weights(lab_incident) -> None:
    board = lab_incident("bad_release_errors").investigation
    client, at = client_of("mira", "responder"), f"/i/{board.incident_id}/"
    room, kinds, weighed = _every_card(client, at), set(), 0
    rows = list(board.evidence.exclude(kind="gap").prefetch_related("stances__hypothesis"))
    for row in rows:
        assert f'href="{at}e/{row.number}/"' in room
        assert row.claim in room
        page = unescape(client.get(f"{at}e/{row.number}/").content.decode())
        agent = NAMES[row.author.partition("/")[2]]
        for part in (row.query, row.source, agent, f"{row.window_start:%H:%M:%S}"):
            assert part in page, (row, part)
        excerpt = [*row.sample.get("lines", []), *row.sample.get("rows", [])]
        excerpt += [row.sample["diff"].strip()] if "diff" in row.sample else []
        assert all(str(text) in page for text in excerpt), row
        assert excerpt or "values" not in row.sample or "View as table" in page, row
        for stance in row.stances.all():
            told = f'stance-{stance.kind}">{stance.get_kind_display()}</td>'
            weight = f"{floatformat(stance.weight_decibans, 1)} dB"
            assert f"/h/{stance.hypothesis.number}/" in page
            assert told in page
            assert weight in page
            weighed += 1
        kinds.add(row.kind)
    assert {"metric", "log", "trace", "change"} <= kinds
    assert weighed > 10
    # What was looked for and is not there stands on the board, with the hypotheses it speaks against.
    clear = [r for r in rows if r.sample["finding"]["presence"] == "absent"]
    assert len(clear) >= 3
    assert any(r.claim.startswith("Not seen on ") and "latency rise" in r.claim for r in clear)
    assert any(s.kind == "refutes" for r in clear for s in r.stances.all())
    # The change that is blamed is a commit, just before, with its difference.
    (change,) = [
        r for r in rows if r.feature == "deploy_before_onset" and r.resource.endswith("orders")
    ]
    assert re.search(
        r"by \w+, \d+ s before the symptom was reported: .+ \([0-9a-f]{7} to [0-9a-f]{7}\)",
        change.claim,
    )
    assert "-    rate = plan.rate if plan else 0" in change.sample["diff"]
    diagnosis = board.diagnoses.order_by("-number")[0]
    assert diagnosis.change_id
    assert change.number in diagnosis.cited
    _one_record_of_a_service(client, at, diagnosis)


def _cards_are_complete(room: str) -> None:
    """Every card has its query, window, source link, time in Z, stance; 27 of the checks."""
    cards = re.findall(r'<article class="card.*?</article>', room, flags=re.S)
    assert len(cards) > 20
    for card in cards:
        for part in (r"<dt>Query</dt>", r"<dt>Window</dt><dd><time", r">(Open source|Details)</a>",
                     r"\d\d:\d\d:\d\dZ</time>", r'class="stance-\w+"'):  # fmt: skip
            assert re.search(part, card), f"{part} is not in {card[:300]}"


@pytest.mark.capability(21)
@pytest.mark.django_db(transaction=True)
def test_a_chain_leads_from_cause_to_symptom_and_says_how_clearly_each_link_is_seen(
    lab_incident,
) -> None:
    board = lab_incident("lock_contention").investigation
    client = client_of("mira", "viewer")
    diagnosis = board.diagnoses.order_by("-number")[0]
    links = diagnosis.causal_chain
    assert len(links) >= 2
    assert links[0]["resource"] == diagnosis.resource
    assert links[-1]["resource"] == board.incident.resource
    numbers = set(board.evidence.values_list("number", flat=True))
    seen = [link for link in links if not link["is_inferred"]]
    assert len(seen) >= 2
    for link in seen:
        assert link["evidence"] in numbers
        assert 0 < link["confidence"] <= 1
    assert {link["confidence"] for link in links if link["is_inferred"]} <= {0}
    page = client.get(f"/i/{board.incident_id}/graph/").content.decode()
    chain = page.partition("The chain, in order")[2].partition("</ol>")[0]
    told = re.findall(r"\((?:clearly |faintly )?seen, (\d+)%\)[^[]*\[E(\d+)\]", chain)
    assert [int(n) for _, n in told] == [link["evidence"] for link in seen]
    assert [int(p) for p, _ in told] == [round(100 * link["confidence"]) for link in seen]


def _words_match_numbers(room: str) -> None:
    for row in Hypothesis.objects.exclude(posterior=None):
        number = min(0.99, max(0.01, row.posterior))
        word = next(word for limit, word in BANDS if number <= limit)
        piece = room.partition(f'id="hyp-{row.number}"')[2].partition("</article>")[0]
        assert word in piece
        assert f"{number:.0%}" in piece
    assert " 0%" not in re.sub(
        r"<[^>]+>", "", room.partition('id="hypotheses"')[2].split("</section>")[0]
    )


def _from_events_as_from_the_page(investigation_id: int, room: str) -> None:
    """The newest message holds the same partials as the page that is loaded whole."""
    last = BoardEvent.objects.filter(
        investigation_id=investigation_id, kind="diagnosis_reached"
    ).latest("sequence")
    message = render_update(investigation_id, after=last.sequence - 1, audience="approver")
    for name in ("timeline", "hypotheses", "consensus", "reasons"):
        found = re.search(rf'hx-target="#{name}"[^>]*>(.*?)</hx-partial>', message["content"], re.S)
        part = re.sub(r'name="csrfmiddlewaretoken" value="\w*"|\s+', " ", found[1])
        page = re.sub(r'name="csrfmiddlewaretoken" value="\w*"|\s+', " ", room)
        # A socket has no session: what it sends has no token, and the page's header carries it.
        part, page = (re.sub(r'<input type="hidden"[^>]*>', "", x) for x in (part, page))
        assert part.strip() in page, name


@pytest.mark.django_db
def test_queries_do_not_grow_with_what_is_shown() -> None:
    board = open_board()
    client = client_of("mira", "approver")
    counts = []
    for number in range(1, 4):
        for _ in range(number):
            post(board.pk, f"p99 of payments rose to {Evidence.objects.count()} s")
        client.get(f"/i/{board.incident_id}/")
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get(f"/i/{board.incident_id}/").status_code == 200
        counts.append(len(asked))
    assert len(set(counts)) == 1, counts


def post(board_id: int, claim: str, **more) -> Evidence:
    return post_evidence(
        investigation_id=board_id, step_key=claim[:200], author="agent/network",
        draft=EvidenceDraft(
            kind=EvidenceKind.METRIC, claim=claim, window_start=NOON, window_end=NOON, query="up",
            result_digest="0" * 64, source="prometheus", resource="service/payments", **more,
        ),
    )  # fmt: skip


@pytest.mark.django_db
def test_a_series_is_told_in_units_that_people_read() -> None:
    board = open_board()
    sample = {"times": [1.0, 2.0], "values": [259_200_000.0, 493_600_000.0], "unit": "bytes",
              "series": "memory_working_set_bytes"}  # fmt: skip
    row = post(board.pk, "Memory grew", sample=sample)
    page = client_of("vi", "viewer").get(f"/i/{board.incident_id}/e/{row.number}/").content.decode()
    assert "memory of payments: from 259 MB to 494 MB, 494 MB at the end." in page
    assert "<td>259 MB</td>" in page
    assert "e+08" not in page


HOSTILE = (
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "\x1b[31mred\x1b[0m",
    "\u202etxt.exe", "a" * 480, "[click](javascript:alert(1))",
)  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("claim", HOSTILE)
def test_hostile_claims_are_inert_on_every_page(claim: str) -> None:
    board = open_board()
    row = post(board.pk, claim, source_link="javascript:alert(1)")
    client = client_of("mira", "approver")
    for path in ("", f"e/{row.number}/", "matrix/", "timeline/", "graph/"):
        page = client.get(f"/i/{board.incident_id}/{path}").content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript:' not in page
        assert "\u202e" not in page, "what is claimed reads in its own direction"


@pytest.mark.django_db
def test_a_card_of_an_older_page_is_found_by_its_number() -> None:
    board = open_board()
    for number in range(1, 131):
        post(board.pk, f"claim {number}")
    client = client_of("mira", "approver")
    at = f"/i/{board.incident_id}/"
    assert 'id="ev-12"' not in client.get(at).content.decode()
    assert 'id="ev-12"' in client.get(f"{at}?e=12").content.decode()
    older = client.get(f"{at}evidence/?before=21&shown=100").content.decode()
    assert older.count('<article class="card') == 20
    assert 'id="older"' not in older


def test_a_small_diff_is_shown_as_what_goes_and_what_comes() -> None:
    row = {"diff": "-a: <1>\n+a: 2", "number": 1}
    html = render_to_string("remediation/_action.html", {"a": {"row": row}, "incident_id": 1})
    assert "a: <del>&lt;1&gt;</del> <ins>2</ins>" in html


@pytest.mark.django_db
def test_who_posts_a_hypothesis_reads_beside_the_field_how_it_fares() -> None:
    board = open_board()
    mira = person("mira", "responder")
    for claim in ("dns", "pool", "locks"):
        propose_hypothesis(investigation_id=board.pk, claim=claim, author="person/mira",
                           posted_by=mira)  # fmt: skip
    piece = post(board.pk, "no locks wait")
    Hypothesis.objects.filter(number=3).update(
        state="ruled_out",
        posterior=0.01,
        ruled_out_by=f"E{piece.number}: lock wait (self): missing",
    )
    page = client_of("jo", "responder").get(f"/i/{board.incident_id}/").content.decode()
    posted = re.findall(r'<p class="meta posted">(.*?)</p>', page)
    told = [" ".join(re.sub(r"<[^>]+>", "", p).split()) for p in posted]
    assert told == [
        f"H3 of mira: ruled out by E{piece.number}", "H2 of mira: Not tested, its test comes next",
    ]  # fmt: skip
    assert '<a href="#hyp-3">' in posted[0]
