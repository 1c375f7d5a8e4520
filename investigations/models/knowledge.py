"""Runbooks and post-mortems that people wrote, and facts that resolved incidents taught."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from pgvector.django import HnswIndex, VectorField

from investigations.models.incident import EMBEDDING_DIMENSIONS, Incident


class DocumentKind(models.TextChoices):
    """What the text is."""

    RUNBOOK = "runbook", "runbook"
    POSTMORTEM = "postmortem", "post-mortem"


class TrustTier(models.TextChoices):
    """How far the text is trusted: it stays cited text and is never evidence."""

    IMPORTED = "imported", "as it came"
    REVIEWED = "reviewed", "reviewed by a person here"


class KnowledgeDocument(models.Model):
    """One Markdown text with where it came from. Importing from the same ``source`` replaces it.

    ``digest`` is the SHA-256 of the text; a new text is a new version and loses the review.
    ``services`` are names that the text says it is for.
    """

    kind = models.CharField(max_length=16, choices=DocumentKind.choices)
    title = models.CharField(max_length=200)
    source = models.CharField(max_length=300)
    revision = models.CharField(max_length=64, blank=True)
    text = models.TextField()
    digest = models.CharField(max_length=64)
    version = models.PositiveIntegerField(default=1)
    services = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    trust = models.CharField(max_length=16, choices=TrustTier.choices, default=TrustTier.IMPORTED)
    reviewed_by = models.CharField(max_length=160, blank=True)
    author = models.CharField(max_length=160)
    imported_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(fields=("kind", "source"), name="document_once_per_source"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.title}"


class KnowledgeChunk(models.Model):
    """A passage of a document: what search finds and the room cites."""

    document = models.ForeignKey(KnowledgeDocument, on_delete=models.CASCADE, related_name="chunks")
    position = models.PositiveIntegerField()
    heading = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    words = SearchVectorField(null=True)
    embedding = VectorField(dimensions=EMBEDDING_DIMENSIONS, null=True)

    class Meta:
        ordering = ("document", "position")
        constraints = (
            models.UniqueConstraint(fields=("document", "position"), name="chunk_position_once"),
        )
        indexes = (
            GinIndex(fields=["words"], name="chunk_words_gin"),
            HnswIndex(
                name="chunk_embedding_hnsw", fields=["embedding"], m=16, ef_construction=64,
                opclasses=["vector_cosine_ops"],
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.document}#{self.position}"


class KnowledgeUse(models.Model):
    """A person opened a document from an incident, and may say whether it helped."""

    document = models.ForeignKey(KnowledgeDocument, on_delete=models.CASCADE, related_name="uses")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    has_helped = models.BooleanField(null=True, blank=True)
    used_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("document", "incident", "person"), name="use_once_per_person"
            ),
        )

    def __str__(self) -> str:
        return f"{self.person} used {self.document} in {self.incident}"


class FactState(models.TextChoices):
    """Only what a person approved is shown in rooms."""

    PROPOSED = "proposed", "proposed"
    APPROVED = "approved", "approved"
    RETIRED = "retired", "retired"


class LearnedFact(models.Model):
    """``fault_class`` at ``resource`` was fixed by ``fix``, in the incidents of its cases."""

    resource = models.CharField(max_length=200)
    fault_class = models.CharField(max_length=64)
    fix = models.CharField(max_length=200)
    is_practice = models.BooleanField(default=False)
    state = models.CharField(max_length=16, choices=FactState.choices, default=FactState.PROPOSED)
    decided_by = models.CharField(max_length=160, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    learned_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("resource", "fault_class", "fix", "is_practice"), name="fact_once"
            ),
            models.CheckConstraint(
                condition=Q(state="proposed") | ~Q(decided_by=""), name="fact_decided_by_somebody"
            ),
        )

    def __str__(self) -> str:
        return f"{self.fault_class} at {self.resource}: {self.fix}"


class FactCase(models.Model):
    """One incident that taught a fact."""

    fact = models.ForeignKey(LearnedFact, on_delete=models.CASCADE, related_name="cases")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("fact", "incident"), name="case_once"),)

    def __str__(self) -> str:
        return f"{self.fact} in {self.incident}"
