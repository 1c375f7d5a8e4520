"""Grades by people and outcomes; a map is proposed from real ones only, and a person accepts it."""

import pytest
from django.test import Client

from agents.domain.recalibrating import accept_fit, map_in_use, propose_fit
from agents.models import CalibrationFit
from agents.reconciler.calibration import shipped
from agents.reconciler.posterior import Claim
from investigations.domain.grades import grade_by_outcome, grade_by_person
from investigations.enums import GradeValue, IncidentOrigin
from investigations.errors import BoardError
from investigations.models import Diagnosis, Grade, Incident, Investigation
from investigations.queries.grades import list_graded, track_record
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def concluded(lab_incident) -> Investigation:
    """Return a worked investigation whose incident counts as a real one."""
    investigation = lab_incident("bad_release_errors").investigation
    Incident.objects.filter(pk=investigation.incident_id).update(origin=IncidentOrigin.ALERT)
    return investigation


def grade_many(investigation: Investigation, count: int, *, right: int, start: int = 100) -> None:
    """Grade copies of the diagnosis: ``right`` of ``count`` turned out right."""
    first = investigation.diagnoses.order_by("-number")[0]
    copies = [
        Diagnosis(investigation=investigation, number=start + n, step_key=f"copy/{start + n}",
                  verdict=first.verdict, fault_class=first.fault_class, resource=first.resource,
                  summary="", confidence=0.85,
                  claim={**first.claim, "posterior": 0.85, "lead": 10.0})
        for n in range(count)
    ]  # fmt: skip
    for n, diagnosis in enumerate(Diagnosis.objects.bulk_create(copies)):
        grade_by_outcome(diagnosis_id=diagnosis.pk, helped=n % count < right, reason="A1")


def test_a_persons_grade_counts_before_an_outcomes(concluded) -> None:
    diagnosis = concluded.diagnoses.order_by("-number")[0]
    assert grade_by_outcome(diagnosis_id=diagnosis.pk, helped=True, reason="A1 verified")
    assert [g.worth for g in list_graded(practice=False)] == [1.0]
    mira = person("mira", "responder")
    grade_by_person(investigation_id=concluded.pk, value=GradeValue.PARTLY, user=mira)
    grade_by_person(investigation_id=concluded.pk, value=GradeValue.WRONG, user=mira, note="disk")
    (graded,) = list_graded(practice=False)
    assert (graded.worth, graded.note) == (0.0, "disk")
    assert Grade.objects.count() == 2
    assert list_graded(practice=True) == []


def test_nothing_can_be_graded_before_a_verdict(lab_incident) -> None:
    investigation = lab_incident("bad_release_errors", is_worked=False).investigation
    with pytest.raises(BoardError, match="no diagnosis"):
        grade_by_person(investigation_id=investigation.pk, value=GradeValue.RIGHT,
                        user=person("mira", "responder"))  # fmt: skip


@pytest.mark.capability(86)
def test_a_map_is_proposed_from_thirty_and_used_once_accepted(concluded) -> None:
    grade_many(concluded, 29, right=12)
    assert propose_fit() is None
    assert "29 of 30 past cases graded" in track_record(0.85, practice=False)
    grade_many(concluded, 1, right=0, start=200)
    fit = propose_fit()
    assert fit is not None
    assert fit.cases == 30
    assert fit.after["ece"] < fit.before["ece"]
    assert propose_fit() is None, "nothing new has been graded"
    claim = Claim(0.85, 10.0, is_catch_all=False, kinds=2)
    assert map_in_use() == shipped(), "a proposal changes nothing"
    accept_fit(fit_id=fit.pk, user=person("ada", "admin"))
    assert map_in_use().version == fit.version
    assert map_in_use().apply(claim) < shipped().apply(claim)
    assert track_record(0.85, practice=False) == (
        "When we said 80% to 90%, it was right 12 of 30 times."
    )


def test_practice_never_teaches(concluded) -> None:
    Incident.objects.update(origin=IncidentOrigin.PRACTICE)
    grade_many(concluded, 40, right=1)
    assert propose_fit() is None


def test_an_outdated_proposal_is_refused(concluded) -> None:
    grade_many(concluded, 30, right=10)
    old = propose_fit()
    CalibrationFit.objects.create(version="newer", cases=60, coefficients=old.coefficients,
                                  before=old.before, after=old.after)  # fmt: skip
    with pytest.raises(BoardError, match="newer proposal"):
        accept_fit(fit_id=old.pk, user=person("ada", "admin"))
    assert map_in_use() == shipped()


def client_of(name: str, role: str) -> Client:
    client = Client()
    client.force_login(person(name, role))
    return client


def test_the_page_shows_figures_and_only_an_admin_accepts(concluded) -> None:
    responder = client_of("mira", "responder")
    assert "No diagnosis has been graded yet" in responder.get("/calibration/").content.decode()
    grade_many(concluded, 30, right=12)
    fit = propose_fit()
    page = responder.get("/calibration/").content.decode()
    assert "30 graded cases:</strong> 30 by the outcome of an action." in page
    assert "80% to 90%" in page
    assert "An admin decides" in page
    assert responder.post("/calibration/accept/", {"fit": fit.pk}).status_code == 403
    admin = client_of("ada", "admin")
    for wrong in ("", "x", "9" * 30, str(fit.pk + 5)):
        assert admin.post("/calibration/accept/", {"fit": wrong}).status_code == 422
    assert admin.post("/calibration/accept/", {"fit": fit.pk}).status_code == 302
    assert f"In use: <strong>{fit.version}</strong>" in admin.get("/calibration/").content.decode()
    assert Client().get("/calibration/").status_code == 302


def test_the_form_in_the_room_grades_and_keeps_what_was_typed(concluded) -> None:
    path = f"/i/{concluded.incident_id}/grade/"
    responder = client_of("mira", "responder")
    refused = responder.post(path, {"grade": "maybe", "note": "the disk <b>"})
    assert refused.status_code == 422
    assert "the disk &lt;b&gt;" in refused.content.decode()
    assert responder.post(path, {"grade": "wrong", "note": "the disk"}).status_code == 302
    assert list_graded(practice=False)[0].note == "the disk"
    assert client_of("vera", "viewer").post(path, {"grade": "right"}).status_code == 403
