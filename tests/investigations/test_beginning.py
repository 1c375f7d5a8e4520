"""The head of a room: why that severity, and when it began beside when it was told of."""

import re
from datetime import timedelta

import pytest

from investigations.domain.board import EvidenceDraft, post_evidence
from investigations.domain.diagnoses import DiagnosisDraft, reach_diagnosis
from investigations.domain.incidents import change_incident_state, close_practice
from investigations.enums import DiagnosisVerdict, EvidenceKind, IncidentOrigin, IncidentState
from investigations.models import Alert, Diagnosis, Hypothesis, Incident, Investigation
from investigations.phrases import length
from investigations.presenters.beginning import beginning_of
from investigations.queries.handoffs import prefill_note
from tests.factories.board import NOON, open_board
from tests.factories.people import person

NOW = NOON + timedelta(minutes=5)


def link(seconds: int | None, *, is_inferred: bool = False) -> dict[str, object]:
    at = None if seconds is None else (NOON + timedelta(seconds=seconds)).isoformat()
    return {"onset_at": at, "is_inferred": is_inferred, "resource": "service/a", "label": "rose"}


@pytest.mark.unit
@pytest.mark.parametrize(
    ("chain", "state", "began", "age"),
    [
        ([link(-90), link(-30)], "leading", -90, "6 min"),
        ([link(-90), link(-30)], "ruled_out", None, "5 min"),
        ([link(None), link(-400, is_inferred=True), link(-30)], "leading", -30, "5 min"),
        ([link(20)], "leading", None, "5 min"),
        ([], "leading", None, "5 min"),
    ],
)
def test_it_began_with_what_was_seen_first_of_the_chain(chain, state, began, age) -> None:
    found = Diagnosis(causal_chain=chain, hypothesis=Hypothesis(number=1, state=state),
                      investigation=Investigation())  # fmt: skip
    seen = beginning_of(Incident(started_at=NOON), found, now=NOW)
    assert seen.began_at == (None if began is None else NOON + timedelta(seconds=began))
    assert (seen.told_at, seen.by, seen.age) == (NOON, "alert", age)


@pytest.mark.unit
def test_what_a_person_told_of_is_no_alert() -> None:
    told = beginning_of(Incident(started_at=NOON, origin=IncidentOrigin.MANUAL), None, now=NOW)
    assert (told.began_at, told.by) == (None, "reported")


@pytest.mark.integration
@pytest.mark.django_db
def test_the_severity_says_why_where_it_stands(client) -> None:
    board = open_board()
    client.force_login(person("vic", "viewer"))
    reasons = ["label critical: SEV2", "<b>checkout</b> fails: SEV1"]
    for kept in ([], reasons):
        Incident.objects.filter(pk=board.incident_id).update(severity="sev1", severity_reasons=kept)
        page = client.get(f"/i/{board.incident_id}/").content.decode()
        why = re.search(r'<details class="sev-why">.*?</details>', page, re.DOTALL)
        assert bool(why) is bool(kept)
        assert "SEV1" in page
    assert "From the alert alone; what the evidence says later does not change it." in why[0]
    assert "<li><bdi>label critical: SEV2</bdi></li>" in why[0]
    assert "&lt;b&gt;checkout&lt;/b&gt; fails: SEV1" in why[0]
    assert "<b>checkout</b>" not in page


@pytest.mark.integration
@pytest.mark.django_db
def test_who_else_is_hurt_is_told_alike_in_the_room_in_its_copy_and_in_a_handoff(client) -> None:
    board = open_board()
    post_evidence(investigation_id=board.pk, step_key="a", author="agent/network", draft=EvidenceDraft(
        kind=EvidenceKind.METRIC, claim="p99 rose", query="q", result_digest="d", window_start=NOON,
        window_end=NOON))  # fmt: skip
    reach_diagnosis(investigation_id=board.pk, step_key="v", author="agent/reconciler",
                    draft=DiagnosisDraft(verdict=DiagnosisVerdict.INCONCLUSIVE, summary="No cause.",
                                         happening="p99 of payments rose. Also affected: cart.",
                                         sources_answered=1, sources_asked=1))  # fmt: skip
    for name in ("orders", "payments"):
        Alert.objects.create(incident=board.incident, fingerprint=name, name=f"{name} is slow",
                             source="test", resource=f"service/{name}", starts_at=NOON)  # fmt: skip
    client.force_login(person("mira", "responder"))
    for path in ("", "analysis.md", "handoff/"):
        page = client.get(f"/i/{board.incident_id}/{path}").content.decode()
        assert "p99 of payments rose. Also affected: cart, orders." in page, path
    note = prefill_note(board, now=NOW)
    assert note.standing.count("Also affected") == 1


@pytest.mark.integration
@pytest.mark.django_db
def test_it_began_at_one_time_on_every_page(client) -> None:
    board, began, told = open_board(), NOON - timedelta(seconds=90), NOON
    Incident.objects.filter(pk=board.incident_id).update(started_at=told, origin="alert")
    post_evidence(investigation_id=board.pk, step_key="a", author="agent/network", draft=EvidenceDraft(
        kind=EvidenceKind.METRIC, claim="p99 rose", query="q", result_digest="d", window_start=NOON,
        window_end=NOON))  # fmt: skip
    chain = {"resource": "service/a", "label": "rose", "onset_at": began.isoformat(), "evidence": 1,
             "is_inferred": False, "confidence": 1.0}  # fmt: skip
    reach_diagnosis(investigation_id=board.pk, step_key="v", author="agent/reconciler",
                    draft=DiagnosisDraft(verdict=DiagnosisVerdict.LIKELY_CAUSE, summary="A leak.",
                                         cited=[1], causal_chain=[chain], comes_back=True))  # fmt: skip
    client.force_login(person("mira", "responder"))
    change_incident_state(investigation_id=board.pk, to=IncidentState.MITIGATED, author="person/mira",
                          reason="it pauses")  # fmt: skip
    here, day = f"/i/{board.incident_id}", f"{began:%Y-%m-%d}"
    told_by = {
        f"{here}/": f">{began:%H:%M:%SZ}</time>", "/inbox/": f">{began:%H:%M:%SZ}</time>",
        "/incidents/": f">{day} {began:%H:%MZ}</time>", "/history/": f">{day} {began:%H:%MZ}</time>",
        f"{here}/handoff/": f"began {began:%H:%M:%SZ} (", f"{here}/analysis.md": f"{began:%H:%M:%SZ}",
        f"{here}/status/": f"<dt>Since</dt><dd><time datetime=\"{began.isoformat()}\">",
    }  # fmt: skip
    for path, text in told_by.items():
        assert text in client.get(path).content.decode(), path
    # A leak pauses when its pods are killed: nobody outside is told that it is over.
    status = client.get(f"{here}/status/").content.decode()
    assert "it may hurt users again" in status
    assert "should not be hurt" not in status
    change_incident_state(investigation_id=board.pk, to=IncidentState.RESOLVED, author="person/mira",
                          reason="mended")  # fmt: skip
    report = client.get(f"{here}/report/").content.decode()
    assert f'Began <time datetime="{began.isoformat()}">' in report
    drafted = {row.section: row.body for row in board.report_texts.all()}
    assert f"Began {day} {began:%H:%M:%SZ} [E1]({here}/e/1/)" in drafted["impact"]
    assert f"{began:%H:%M:%SZ} it began [E1]" in drafted["detection"]
    assert f"{told:%H:%M:%SZ} it began by the alert [#1]" in drafted["detection"]
    other = open_board()
    compared = client.get(
        f"/history/compare/?a={board.incident_id}&b={other.incident_id}"
    ).content.decode()
    assert f'<th scope="row">Began</th><td><time datetime="{began.isoformat()}">' in compared


def _fails(board: Investigation, key: str, *, onset: int, **other: object) -> None:
    """Post that the service of the alert fails since so many seconds after noon."""
    draft = EvidenceDraft(
        kind=EvidenceKind.METRIC, claim=f"{key} fails", query="q", result_digest="d",
        onset_at=NOON + timedelta(seconds=onset), window_start=NOON, window_end=NOON,
        **{"resource": board.incident.resource, "feature": "error_rise", "magnitude": 0.4, **other},
    )  # fmt: skip
    post_evidence(investigation_id=board.pk, step_key=key, author="agent/network", draft=draft)


@pytest.mark.integration
@pytest.mark.django_db
def test_users_were_hurt_since_something_failed_and_not_since_its_cause_began(client) -> None:
    board, other = open_board(), open_board()
    _fails(board, "another service", onset=-500, resource="service/x")
    _fails(board, "looked for and not there", onset=-450, magnitude=None)
    _fails(board, "the call of one", onset=-400, peer="service/x")
    _fails(board, "it", onset=-38)
    _fails(board, "and again", onset=-20)
    chain = {"resource": "service/b", "label": "leaks", "evidence": 1, "is_inferred": False,
             "onset_at": (NOON - timedelta(seconds=600)).isoformat(), "confidence": 1.0}  # fmt: skip
    reach_diagnosis(investigation_id=board.pk, step_key="v", author="agent/reconciler",
                    draft=DiagnosisDraft(verdict=DiagnosisVerdict.LIKELY_CAUSE, summary="A leak.",
                                         cited=[1], causal_chain=[chain]))  # fmt: skip
    for to in (IncidentState.MITIGATED, IncidentState.RESOLVED):
        change_incident_state(investigation_id=board.pk, to=to, author="person/jo", reason="made")
    ended = Incident.objects.get(pk=board.incident_id).mitigated_at
    took = length((ended - (NOON - timedelta(seconds=38))).total_seconds())
    client.force_login(person("mira", "responder"))
    here = f"/i/{board.incident_id}"
    head = client.get(f"{here}/").content.decode()
    assert f'began <time datetime="{(NOON - timedelta(seconds=600)).isoformat()}"' in head
    assert f"hurt users for {took}" in head
    pair = f"/history/compare/?a={board.incident_id}&b={other.incident_id}"
    assert f"<td>{took}</td><td>not over</td>" in client.get(pair).content.decode()
    drafted = {row.section: row.body for row in board.report_texts.all()}
    told = f"{took}, from when users were hurt until no one was hurt any more [E4]({here}/e/4/)"
    assert f"**Duration**: {told}" in drafted["summary"]
    assert (
        f"Users were hurt from {NOON - timedelta(seconds=38):%Y-%m-%d %H:%M:%SZ} on [E4]"
        in drafted["impact"]
    )


@pytest.mark.integration
@pytest.mark.django_db
def test_what_was_closed_for_another_is_not_said_to_be_over(client) -> None:
    board, calm, other = open_board(), open_board(), open_board()
    change_incident_state(investigation_id=calm.pk, to=IncidentState.MITIGATED, author="person/jo",
                          reason="it pauses")  # fmt: skip
    mine = [board.incident_id, calm.incident_id]
    Incident.objects.filter(pk__in=mine).update(origin=IncidentOrigin.PRACTICE)
    assert close_practice(author="person/jo") == 2
    client.force_login(person("mira", "responder"))
    head = client.get(f"/i/{board.incident_id}/").content.decode()
    assert "It was closed, not mended: another practice incident was started." in head
    assert "Closed, not mended, at" in head
    assert "It is over." not in head
    head = client.get(f"/i/{calm.incident_id}/").content.decode()
    assert "It was closed: another practice incident was started." in head
    pair = f"/history/compare/?a={board.incident_id}&b={other.incident_id}"
    assert "then it was closed unmended: another practice" in client.get(pair).content.decode()
    drafted = {row.section: row.body for row in board.report_texts.all()}
    assert (
        "until it was closed unmended: another practice incident was started" in drafted["summary"]
    )
