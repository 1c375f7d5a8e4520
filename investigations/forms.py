"""Input of people, checked; what was typed is kept with each error."""

from django import forms

from investigations.enums import DiagnosisVerdict, IncidentState, Severity

EMPTY = [("", "Any")]


class SymptomForm(forms.Form):
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


class HistoryForm(forms.Form):
    """Search past investigations. Everything is optional; the URL carries it."""

    q = forms.CharField(required=False, max_length=300, label="Words")
    service = forms.CharField(required=False, max_length=100)
    cause = forms.CharField(required=False, max_length=64, label="Cause class")
    verdict = forms.ChoiceField(required=False, choices=EMPTY + list(DiagnosisVerdict.choices))
    severity = forms.ChoiceField(required=False, choices=EMPTY + list(Severity.choices))
    state = forms.ChoiceField(required=False, choices=EMPTY + list(IncidentState.choices))
    since = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
