"""Models, one file per subject."""

from investigations.models.alert import Alert, IntakeToken
from investigations.models.audit_entry import AuditEntry
from investigations.models.board_event import BoardEntry, BoardEvent
from investigations.models.connection_check import ConnectionCheck
from investigations.models.diagnosis import Diagnosis
from investigations.models.evidence import HURT_FEATURES, Evidence
from investigations.models.grade import Grade
from investigations.models.handoff import Handoff
from investigations.models.hypothesis import Hypothesis, Stance
from investigations.models.incident import Incident, IncidentMemory, Investigation
from investigations.models.knowledge import (
    DocumentKind,
    FactCase,
    FactState,
    KnowledgeChunk,
    KnowledgeDocument,
    KnowledgeUse,
    LearnedFact,
    TrustTier,
)
from investigations.models.notification import (
    FOR_RESPONDERS,
    Attention,
    AttentionKind,
    Audience,
    Channel,
    ChannelKind,
    Delivery,
    DeliveryState,
    NotificationPreference,
    OutboundHost,
    WebhookFormat,
)
from investigations.models.periodic import PeriodicJob
from investigations.models.person_view import PersonView
from investigations.models.report import ReportText
from investigations.models.scan_finding import FindingState, ScanFinding, ScanName
from investigations.models.service import Service, ServiceChange, ServiceReading, Tier
from investigations.models.status import ShareLink, StatusFollower, StatusUpdate
from investigations.models.steering import SteeringMessage
from investigations.models.topology import ServiceDependency
from investigations.models.visit import Visit

__all__ = [
    "FOR_RESPONDERS",
    "HURT_FEATURES",
    "Alert",
    "Attention",
    "AttentionKind",
    "Audience",
    "AuditEntry",
    "BoardEntry",
    "BoardEvent",
    "Channel",
    "ChannelKind",
    "ConnectionCheck",
    "Delivery",
    "DeliveryState",
    "Diagnosis",
    "DocumentKind",
    "Evidence",
    "FactCase",
    "FactState",
    "FindingState",
    "Grade",
    "Handoff",
    "Hypothesis",
    "Incident",
    "IncidentMemory",
    "IntakeToken",
    "Investigation",
    "KnowledgeChunk",
    "KnowledgeDocument",
    "KnowledgeUse",
    "LearnedFact",
    "NotificationPreference",
    "OutboundHost",
    "PeriodicJob",
    "PersonView",
    "ReportText",
    "ScanFinding",
    "ScanName",
    "Service",
    "ServiceChange",
    "ServiceDependency",
    "ServiceReading",
    "ShareLink",
    "Stance",
    "StatusFollower",
    "StatusUpdate",
    "SteeringMessage",
    "Tier",
    "TrustTier",
    "Visit",
    "WebhookFormat",
]
