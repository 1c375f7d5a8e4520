"""The post-mortem: drafted when the incident is resolved, then edited by section, never overwritten."""

from typing import TYPE_CHECKING

from investigations.domain.audit import record_audit
from investigations.domain.journal import BoardWriter, writing
from investigations.domain.report_draft import draft_sections
from investigations.domain.report_facts import Facts, read_facts
from investigations.enums import BoardEventKind, IncidentState, ReportOrigin, ReportSection
from investigations.errors import BoardError, NotFound
from investigations.models import Investigation, ReportText
from investigations.queries.board import newest_texts
from investigations.queries.objects import report_object
from investigations.typed_text import without_controls, without_reordering
from telemetry.redaction import redact

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MAX_BODY = 20_000
NOT_YET = "Draft appears when the incident is resolved."


class EditConflict(BoardError):
    """Somebody saved the section meanwhile. ``newest`` is what stands there now."""

    def __init__(self, newest: ReportText) -> None:
        self.newest = newest
        who = newest.author.partition("/")[2] or newest.author
        super().__init__(
            f"{who} saved version {newest.version} while you wrote. Nothing is lost: both texts are "
            "below. Bring them together and save again."
        )


def facts_of(investigation: Investigation) -> Facts:
    """Read the journal of an investigation into facts; how its curves went on is none."""
    events = investigation.events.exclude(kind=BoardEventKind.LANES_READ).order_by("sequence")
    return read_facts(investigation.incident_id, events.iterator(chunk_size=500))


def current_texts(investigation: Investigation) -> dict[str, ReportText]:
    """Return the text of every section that counts; empty while there is no draft.

    An incident that was resolved before drafts were stored gets one computed now, as version 0.
    """
    stored = {text.section: text for text in newest_texts(investigation)}
    if not stored and investigation.incident.state == IncidentState.RESOLVED:
        facts = facts_of(investigation)
        at = investigation.incident.resolved_at or investigation.started_at
        return {
            section: ReportText(investigation=investigation, section=section, version=0, body=body,
                                origin=ReportOrigin.DRAFT, author="system", saved_at=at)
            for section, body in draft_sections(facts).items()
        }  # fmt: skip
    return stored


def draft_section(investigation: Investigation, section: str) -> str:
    """Return what code would draft for a section from the journal as it is now."""
    return draft_sections(facts_of(investigation))[section]


def write_draft(board: BoardWriter) -> None:
    """Draft every section that no person has touched, in the transaction that has the journal open.

    Sections with a person's words stay as they are. Event: ``report_changed``, if anything changed.
    """
    board.flush()
    newest = {text.section: text for text in newest_texts(board.investigation)}
    made = []
    for section, body in draft_sections(facts_of(board.investigation)).items():
        last = newest.get(section)
        if last is None or (last.origin == ReportOrigin.DRAFT and last.body != body):
            made.append(
                ReportText(
                    investigation=board.investigation, section=section, body=body,
                    version=last.version + 1 if last else 1, origin=ReportOrigin.DRAFT,
                    author="system", saved_at=board.now,
                )
            )  # fmt: skip
    if made:
        ReportText.objects.bulk_create(made)
        board.record(
            BoardEventKind.REPORT_CHANGED,
            author="system",
            sentence="Post-mortem drafted from the journal",
            upsert={"report": {text.section: report_object(text) for text in made}},
        )


def save_section(
    *, investigation_id: int, section: str, user: "User", body: str, base_version: int
) -> ReportText:
    """Save a person's text of a section as its next version.

    Idempotent: the text that already stands there is returned. Event: ``report_changed``.
    Requires: ``can_respond`` was checked.

    Args:
        investigation_id: The investigation.
        section: Value of ``ReportSection``.
        user: Who writes.
        body: Markdown, at most 20,000 characters.
        base_version: The version that the writer saw.

    Raises:
        EditConflict: Another version was saved meanwhile; nothing is written.
        BoardError: Too long, or there is no draft yet.
    """
    if len(body) > MAX_BODY:
        raise BoardError(f"At most {MAX_BODY} characters for a section; yours has {len(body)}.")
    clean = without_reordering(without_controls(body.replace("\r\n", "\n"))).strip()
    clean = redact(clean, limit=MAX_BODY)
    with writing(investigation_id) as board:
        newest = _newest(board, section)
        if newest.body == clean:
            return newest
        if newest.version != max(1, base_version):
            raise EditConflict(newest)
        return _append(board, newest, clean, ReportOrigin.EDIT, user)


def regenerate_section(
    *, investigation_id: int, section: str, user: "User", base_version: int
) -> ReportText:
    """Put a fresh draft from the journal as the section's next version; older ones stay.

    Idempotent. Raises as :func:`save_section`.
    """
    with writing(investigation_id) as board:
        newest = _newest(board, section)
        body = draft_section(board.investigation, section)
        if newest.body == body:
            return newest
        if newest.version != max(1, base_version):
            raise EditConflict(newest)
        return _append(board, newest, body, ReportOrigin.DRAFT, user)


def restore_section(
    *, investigation_id: int, section: str, user: "User", version: int, base_version: int
) -> ReportText:
    """Put an older version's text as the section's next version. Idempotent.

    Raises:
        NotFound: There is no such version.
        EditConflict: As :func:`save_section`.
    """
    with writing(investigation_id) as board:
        newest = _newest(board, section)
        wanted = board.investigation.report_texts.filter(section=section, version=version).first()
        if wanted is None:
            raise NotFound(f"There is no version {version} of this section.")
        if newest.body == wanted.body:
            return newest
        if newest.version != max(1, base_version):
            raise EditConflict(newest)
        return _append(board, newest, wanted.body, ReportOrigin.RESTORE, user)


def _newest(board: BoardWriter, section: str) -> ReportText:
    if section not in ReportSection.values:
        raise NotFound("There is no such section.")
    texts = board.investigation.report_texts.filter(section=section)
    newest = texts.order_by("-version").first()
    if newest is None:
        if board.investigation.incident.state != IncidentState.RESOLVED:
            raise BoardError(NOT_YET)
        write_draft(board)
        newest = texts.order_by("-version")[0]
    return newest


def _append(
    board: BoardWriter, newest: ReportText, body: str, origin: ReportOrigin, user: "User"
) -> ReportText:
    author = f"person/{user.get_username()}"
    text = ReportText.objects.create(
        investigation=board.investigation, section=newest.section, version=newest.version + 1,
        body=body, origin=origin, author=author, saved_at=board.now,
    )  # fmt: skip
    board.record(
        BoardEventKind.REPORT_CHANGED,
        author=author,
        sentence=f"Post-mortem, {text.get_section_display()}: version {text.version} "
        f"{text.get_origin_display()} by {user.get_username()}",
        upsert={"report": {text.section: report_object(text)}},
    )
    record_audit(actor=author, verb=f"report.{origin.value}",
                 subject=f"incident/{board.investigation.incident_id}",
                 detail={"section": text.section, "version": text.version})  # fmt: skip
    return text
