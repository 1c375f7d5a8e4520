"""States and kinds of everything on the board. Values are stored and shown in URLs."""

from django.db.models import TextChoices


class IncidentState(TextChoices):
    """Where an incident stands for the people who are hurt by it."""

    OPEN = "open"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"
    MERGED = "merged"


OVER_STATES = (IncidentState.RESOLVED, IncidentState.MERGED)
"""Nothing is changed, planned or asked for these: they are over, or another one goes on for them."""


class IncidentOrigin(TextChoices):
    """How the incident came to us."""

    ALERT = "alert"
    MANUAL = "manual"
    PRACTICE = "practice"
    RECORDED = "recorded"


class Severity(TextChoices):
    """SEV1 is the worst."""

    SEV1 = "sev1", "SEV1"
    SEV2 = "sev2", "SEV2"
    SEV3 = "sev3", "SEV3"
    SEV4 = "sev4", "SEV4"


class AlertStatus(TextChoices):
    """What the source last said of the alert."""

    FIRING = "firing"
    RESOLVED = "resolved"


class InvestigationState(TextChoices):
    """The step an investigation is in. CONCLUDED, STOPPED and FAILED end it."""

    PENDING = "pending"
    GATHERING = "gathering"
    EXAMINING = "examining"
    RECONCILING = "reconciling"
    CONCLUDED = "concluded"
    STOPPED = "stopped"
    FAILED = "failed"


class EvidenceKind(TextChoices):
    """The telemetry kind of a piece of evidence, or that it is a gap or a person's note."""

    METRIC = "metric"
    LOG = "log"
    TRACE = "trace"
    CHANGE = "change"
    CLUSTER = "cluster"
    DATABASE = "database"
    FLOW = "flow"
    TOPOLOGY = "topology"
    GAP = "gap", "data gap"
    NOTE = "note", "human note"


class StanceKind(TextChoices):
    """What a piece of evidence says of a hypothesis."""

    SUPPORTS = "supports"
    REFUTES = "refutes"
    NEUTRAL = "neutral"


class HypothesisState(TextChoices):
    """Where a hypothesis stands among its rivals."""

    PROPOSED = "proposed"
    TESTING = "testing"
    LEADING = "leading"
    OPEN = "open"
    RULED_OUT = "ruled_out", "ruled out"
    CONFIRMED = "confirmed"
    INCONCLUSIVE = "inconclusive"


class TestVerdict(TextChoices):
    """What the tests of one hypothesis say of it alone."""

    UNTESTED = "untested", "not tested"
    SUPPORTED = "supported"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"


class DiagnosisVerdict(TextChoices):
    """How a reconciliation ended."""

    LIKELY_CAUSE = "likely_cause", "likely cause"
    INCONCLUSIVE = "inconclusive"
    NO_FAULT = "no_fault", "no fault"


class SteeringKind(TextChoices):
    """What a person asked of the agents."""

    STEER = "steer"
    CHALLENGE = "challenge"
    FOCUS = "focus"
    BUDGET = "budget"
    PROPOSE = "propose"


# What the agents read and answer; the rest is answered by other packages.
FOR_AGENTS = (SteeringKind.STEER, SteeringKind.CHALLENGE, SteeringKind.FOCUS)
SPECIALIST_NAMES = ("network", "deployment", "database", "resource")
# By what people call them in the steer box, as their rows are called.
HANDLES = {name: "deploy" if name == "deployment" else name for name in SPECIALIST_NAMES}


class SteeringState(TextChoices):
    """Delivery of a person's message, shown as plain text beside it."""

    SENT = "sent"
    READ = "read"
    ACTED = "acted", "plan changed"
    DECLINED = "declined"


class EntryKind(TextChoices):
    """Board entries that packages above own: their data is a JSON object they define."""

    AGENT = "agent"
    LANE = "lane"
    CHANGE = "change"
    ACTION = "action"
    MODEL_CALL = "model_call", "language model call"
    MODEL_SUMMARY = "model_summary", "summary by a language model"


class BoardEventKind(TextChoices):
    """Every way the board changes."""

    INVESTIGATION_CHANGED = "investigation_changed"
    INCIDENT_CHANGED = "incident_changed"
    ALERT_CHANGED = "alert_changed"
    EVIDENCE_POSTED = "evidence_posted"
    HYPOTHESIS_CHANGED = "hypothesis_changed"
    STANCE_RECORDED = "stance_recorded"
    DIAGNOSIS_REACHED = "diagnosis_reached"
    STEERING_CHANGED = "steering_changed"
    ENTRY_CHANGED = "entry_changed"
    HANDOFF_CHANGED = "handoff_changed"
    STATUS_POSTED = "status_posted"
    SHARE_CHANGED = "share_changed"
    REPORT_CHANGED = "report_changed"
    DIAGNOSIS_GRADED = "diagnosis_graded"
    VIEW_RECORDED = "view_recorded"
    LANES_READ = "lanes_read"


class Role(TextChoices):
    """Group names. Admin does not imply approver."""

    VIEWER = "viewer"
    RESPONDER = "responder"
    APPROVER = "approver"
    ADMIN = "admin"


class GradeSource(TextChoices):
    """Who says whether a diagnosis was right."""

    PERSON = "person", "a person"
    OUTCOME = "outcome", "the outcome of an action"


class GradeValue(TextChoices):
    """Whether what a diagnosis named turned out to be the cause."""

    RIGHT = "right", "right"
    PARTLY = "partly", "partly right"
    WRONG = "wrong", "wrong"


class HandoffState(TextChoices):
    """Where a handoff stands."""

    PENDING = "pending", "waits to be taken"
    ACCEPTED = "accepted", "taken"
    WITHDRAWN = "withdrawn"
    DECLINED = "declined"
    LAPSED = "lapsed", "not taken before the end"


class ReportSection(TextChoices):
    """The sections of a post-mortem, in the order in which they are read."""

    SUMMARY = "summary", "Summary"
    IMPACT = "impact", "Impact"
    DETECTION = "detection", "Detection"
    DIAGNOSIS = "diagnosis", "Diagnosis"
    REPAIR = "repair", "Repair"
    MOMENTS = "moments", "Key moments"
    WRONG = "wrong", "What the agents got wrong"
    GAPS = "gaps", "Gaps"
    FOLLOW_UPS = "follow-ups", "Follow-ups"


class ReportOrigin(TextChoices):
    """How a version of a section came to be."""

    DRAFT = "draft", "drafted from the journal"
    EDIT = "edit", "edited"
    RESTORE = "restore", "restored"
