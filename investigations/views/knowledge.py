"""Knowledge: runbooks and post-mortems of people, and facts that incidents taught."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from investigations.domain import knowledge as domain
from investigations.domain.clock import database_now
from investigations.domain.facts import decide_fact
from investigations.errors import BoardError
from investigations.forms import ImportForm
from investigations.models import DocumentKind, FactState, KnowledgeDocument
from investigations.presenters.markdown import render_markdown
from investigations.queries.access import access_incident
from investigations.queries.knowledge import (
    PAGE,
    access_document,
    facts_for,
    list_documents,
    list_facts,
    passages_for,
    uses_of,
)
from investigations.rules import can_respond, can_view
from investigations.typed_text import read_number
from investigations.views.common import is_htmx, needs, person_of


def _author(request: HttpRequest) -> str:
    return f"person/{person_of(request).get_username()}"


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip()[:200] for name in text.split(",") if name.strip())


def _refused(request: HttpRequest, error: BoardError, kept: str = "") -> HttpResponse:
    return render(request, "refused.html", {"text": str(error), "kept": kept}, status=422)


@require_safe
@needs(can_view)
def knowledge(request: HttpRequest) -> HttpResponse:
    """List documents and facts; ``?q=``, ``?kind=``, ``?retired=1``, ``?before=``."""
    return render(request, "investigations/knowledge.html", _context(request, ImportForm()))


def _context(request: HttpRequest, form: ImportForm) -> dict[str, object]:
    kind = request.GET.get("kind", "")
    text, is_retired = request.GET.get("q", "").strip()[:300], request.GET.get("retired") == "1"
    rows = list_documents(
        text=text, kind=kind if kind in DocumentKind.values else "", is_retired=is_retired,
        before=read_number(request.GET.get("before", "")),
    )  # fmt: skip
    return {
        "rows": rows, "q": text, "kind": kind, "kinds": DocumentKind.choices,
        "is_retired": is_retired, "is_searching": bool(text or kind or is_retired), "form": form,
        "proposed": list_facts(FactState.PROPOSED), "facts": list_facts(FactState.APPROVED),
        "now": database_now(), "may_edit": can_respond(request.user),
        "next": rows[-1].document.pk if len(rows) == PAGE else None,
    }  # fmt: skip


@require_POST
@needs(can_respond)
def import_text(request: HttpRequest) -> HttpResponse:
    """Import a Markdown file or a pasted text."""
    form = ImportForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            found = domain.import_document(_draft(form), author=_author(request))
            return redirect("document", document_id=found.document.pk)
        except BoardError as error:
            form.add_error(None, str(error))
    return render(request, "investigations/knowledge.html", _context(request, form), status=422)


def _draft(form: ImportForm) -> domain.DocumentDraft:
    data = form.cleaned_data
    title = data["title"].strip()
    name = getattr(form, "file_name", "") or f"pasted: {title or data['text'].strip()[:80]}"
    return domain.DocumentDraft(
        kind=DocumentKind(data["kind"]), text=data["file"] or data["text"],
        source=f"upload: {name}" if data["file"] else name.replace("\n", " "),
        title=title or name.rpartition("/")[2].removesuffix(".md"), services=_names(data["services"]),
    )  # fmt: skip


@require_safe
@needs(can_view)
def document(request: HttpRequest, document_id: int) -> HttpResponse:
    """Read a document; ``?incident=`` says in which incident it is used."""
    row = access_document(request.user, document_id)
    number = read_number(request.GET.get("incident", ""))
    incident = access_incident(request.user, number) if number else None
    use = None
    if incident is not None:
        use = domain.note_use(
            document_id=row.pk, incident_id=incident.pk, person_id=person_of(request).pk
        )
    context = {
        "document": row, "body": render_markdown(row.text), "incident": incident, "use": use,
        "uses": uses_of(row), "now": database_now(), "may_edit": can_respond(request.user),
    }  # fmt: skip
    return render(request, "investigations/document.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(can_respond)
def edit(request: HttpRequest, document_id: int) -> HttpResponse:
    """Write a new version by hand."""
    row = access_document(request.user, document_id)
    typed = {"text": row.text, "services": ", ".join(row.services), "digest": row.digest}
    refusal = ""
    if request.method == "POST":
        typed = {name: request.POST.get(name, "") for name in typed}
        try:
            domain.edit_document(
                document_id=row.pk, text=typed["text"], services=_names(typed["services"]),
                seen_digest=typed["digest"], author=_author(request),
            )  # fmt: skip
            return redirect("document", document_id=row.pk)
        except BoardError as error:
            refusal = str(error)
    context = {"document": row, "typed": typed, "refusal": refusal}
    return render(
        request, "investigations/document_edit.html", context, status=422 if refusal else 200
    )


@require_POST
@needs(can_respond)
def change(request: HttpRequest, document_id: int) -> HttpResponse:
    """Mark as reviewed, retire with a reason, or put back."""
    row: KnowledgeDocument = access_document(request.user, document_id)
    wanted, reason = request.POST.get("do", ""), request.POST.get("reason", "").strip()
    try:
        if wanted == "review":
            domain.review_document(document_id=row.pk, author=_author(request))
        elif wanted == "restore" or (wanted == "retire" and reason):
            domain.retire_document(
                document_id=row.pk, reason=reason if wanted == "retire" else "",
                author=_author(request),
            )  # fmt: skip
        else:
            raise BoardError(
                "Say why it is retired." if wanted == "retire" else "Choose an action."
            )
    except BoardError as error:
        return _refused(request, error, reason)
    return redirect("document", document_id=row.pk)


@require_POST
@needs(can_respond)
def helped(request: HttpRequest, document_id: int) -> HttpResponse:
    """Say whether a document helped in an incident."""
    row = access_document(request.user, document_id)
    incident = access_incident(request.user, read_number(request.POST.get("incident", "")) or 0)
    answer = request.POST.get("helped", "")
    if answer not in {"yes", "no"}:
        return _refused(request, BoardError("Choose yes or no."))
    domain.say_whether_it_helped(
        document_id=row.pk, incident_id=incident.pk, person_id=person_of(request).pk,
        has_helped=answer == "yes",
    )  # fmt: skip
    return redirect(f"/knowledge/{row.pk}/?incident={incident.pk}")


@require_POST
@needs(can_respond)
def decide(request: HttpRequest, fact_id: int) -> HttpResponse:
    """Approve or retire a learned fact."""
    wanted, reason = request.POST.get("to", ""), request.POST.get("reason", "")
    try:
        if wanted not in FactState.values:
            raise BoardError("Choose approve or retire.")
        decide_fact(fact_id=fact_id, to=FactState(wanted), reason=reason, author=_author(request))
    except BoardError as error:
        return _refused(request, error, reason)
    return redirect("knowledge")


@require_safe
@needs(can_view)
def for_incident(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Show what is known that fits an incident: a fragment of the room, or a page."""
    incident = access_incident(request.user, incident_id)
    context = {
        "incident": incident, "passages": passages_for(incident), "facts": facts_for(incident)
    }  # fmt: skip
    name = "_room_knowledge" if is_htmx(request) else "room_knowledge"
    return render(request, f"investigations/{name}.html", context)
