"""Input of people, checked; what was typed is kept with each error."""

from django import forms

from investigations.domain.knowledge import MAX_TEXT
from investigations.enums import DiagnosisVerdict, IncidentOrigin, IncidentState, Severity
from investigations.models import FOR_RESPONDERS, DocumentKind, NotificationPreference
from investigations.typed_form import TypedForm

EMPTY = [("", "Any")]


class DayField(forms.DateField):
    """A day as ``2026-03-01``: a browser's own field shows it in the order of its language."""

    def __init__(self, *, label: str) -> None:
        """Be optional; take that one form only."""
        look = {"placeholder": "2026-03-01", "inputmode": "numeric", "autocomplete": "off"}
        super().__init__(
            required=False, label=label, input_formats=["%Y-%m-%d"],
            widget=forms.DateInput(attrs=look, format="%Y-%m-%d"),
            error_messages={"invalid": "Year, month and day, as 2026-03-01."},
        )  # fmt: skip


class SymptomForm(TypedForm):
    """Start an investigation from a symptom and a window."""

    symptom = forms.CharField(max_length=300, label="What do you see?", help_text="One sentence.")
    resource = forms.RegexField(
        r"^([a-z]+/)?[\w.-]+$", max_length=150, label="On which service or resource?",
        help_text="payments, or a key such as node/worker-3.",
        error_messages={"invalid": "Letters, digits, dots and dashes; for example payments."},
    )  # fmt: skip
    minutes = forms.IntegerField(
        min_value=2, max_value=720, initial=15, label="Since how many minutes?"
    )


class IncidentsForm(TypedForm):
    """Facets and order of the list of incidents; the URL carries them."""

    STATES = [("", "Active"), *IncidentState.choices, ("any", "Any")]
    SORTS = [("", "Newest"), ("severity", "Severity"), ("service", "Service"), ("state", "State")]

    state = forms.ChoiceField(required=False, choices=STATES)
    severity = forms.ChoiceField(required=False, choices=EMPTY + list(Severity.choices))
    service = forms.CharField(required=False, max_length=100)
    origin = forms.ChoiceField(
        required=False, choices=EMPTY + list(IncidentOrigin.choices), label="Came from"
    )
    sort = forms.ChoiceField(required=False, choices=SORTS, label="Order")


class HistoryForm(TypedForm):
    """Search past investigations. Everything is optional; the URL carries it."""

    q = forms.CharField(required=False, max_length=300, label="Words")
    service = forms.CharField(required=False, max_length=100)
    cause = forms.ChoiceField(required=False, choices=EMPTY, label="Cause class")
    action = forms.ChoiceField(required=False, choices=EMPTY, label="What was done")
    verdict = forms.ChoiceField(required=False, choices=EMPTY + list(DiagnosisVerdict.choices))
    severity = forms.ChoiceField(required=False, choices=EMPTY + list(Severity.choices))
    state = forms.ChoiceField(required=False, choices=EMPTY + list(IncidentState.choices))
    since = DayField(label="Since (UTC day)")
    until = DayField(label="Until (UTC day)")

    def offer(self, *, fault_classes: list[str], actions: list[str]) -> None:
        """Let people choose from what has occurred."""
        for name, values in (("cause", fault_classes), ("action", actions)):
            choices = [(value, value.replace("_", " ")) for value in values]
            self.fields[name].choices = EMPTY + choices  # type: ignore[attr-defined]  # a choice field


class ImportForm(TypedForm):
    """Markdown by file or pasted."""

    kind = forms.ChoiceField(choices=DocumentKind.choices, label="It is a")
    title = forms.CharField(
        required=False, max_length=200, label="Title, if the text has none"
    )  # fmt: skip
    services = forms.CharField(
        required=False, max_length=500, label="Services it is for", help_text="Separated by commas."
    )  # fmt: skip
    file = forms.FileField(required=False, label="Markdown file")
    text = forms.CharField(
        required=False, max_length=MAX_TEXT, strip=False, label="Or paste it",
        widget=forms.Textarea(attrs={"rows": 8}),
    )  # fmt: skip

    def clean_file(self) -> str:
        """Read the file as UTF-8, within the limit."""
        given = self.cleaned_data.get("file")
        if given is None:
            return ""
        if given.size > 4 * MAX_TEXT:
            raise forms.ValidationError(f"At most {MAX_TEXT:,} characters; split it by topic.")
        try:
            self.file_name = str(given.name)
            return str(given.read().decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise forms.ValidationError("It is not text in UTF-8.") from error

    def clean(self) -> dict[str, object]:
        """One of the two is there, not both."""
        data = super().clean() or {}
        if not self.errors and bool(data.get("file")) == bool(str(data.get("text", "")).strip()):
            raise forms.ValidationError("Choose a file or paste a text; one of the two.")
        return data


CLOCK_ERROR = {"invalid": "Hours and minutes of 24, as 22:00."}


def clock_input(example: str) -> forms.TimeInput:
    """Return a field for a time as ``22:00``: a browser's own asks some people for AM and PM."""
    look = {"placeholder": example, "inputmode": "numeric", "autocomplete": "off"}
    return forms.TimeInput(attrs=look, format="%H:%M")


class PreferenceForm(TypedForm):
    """What a person is called for, and when not."""

    events = forms.MultipleChoiceField(
        choices=[(k.value, k.label) for k in FOR_RESPONDERS], label="Call me when", widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one, or remove your channels instead."},
    )  # fmt: skip
    quiet_from = forms.TimeField(
        required=False, label="Quiet from", input_formats=["%H:%M"], widget=clock_input("22:00"),
        error_messages=CLOCK_ERROR,
    )  # fmt: skip
    quiet_until = forms.TimeField(
        required=False, label="until", input_formats=["%H:%M"], widget=clock_input("07:00"),
        error_messages=CLOCK_ERROR,
    )  # fmt: skip
    zone = forms.CharField(max_length=64, label="Time zone of the quiet hours")
    is_woken_by_sev1 = forms.BooleanField(required=False, label="SEV1 comes through quiet hours")
    has_practice = forms.BooleanField(required=False, label="Practice incidents too")

    @classmethod
    def of(cls, wish: NotificationPreference) -> "PreferenceForm":
        """Return a form with what is chosen now."""
        return cls(initial={
            "events": wish.events or list(FOR_RESPONDERS), "quiet_from": wish.quiet_from,
            "quiet_until": wish.quiet_until, "zone": wish.zone,
            "is_woken_by_sev1": wish.is_woken_by_sev1, "has_practice": wish.has_practice,
        })  # fmt: skip
