"""The base of every form: what is wrong with what was typed, in the house's words, in one place."""

from typing import Any

from django import forms

# By the code of the error: what is wrong, then what to do. Django fills in the figures.
SENTENCES = {
    "required": "Nothing is given here: fill it in.",
    "max_length": "At most %(limit_value)d characters; yours has %(show_value)d. Shorten it.",
    "min_length": "At least %(limit_value)d characters; yours has %(show_value)d. Say more.",
    "min_value": "%(show_value)s is too little: give %(limit_value)s or more.",
    "max_value": "%(show_value)s is too much: give %(limit_value)s or less.",
    "invalid_choice": "“%(value)s” is none of the choices: choose one that is listed.",
    "invalid_list": "That is no list of choices: choose from those that are listed.",
    "null_characters_not_allowed": "It holds a character that shows as nothing (NUL): type it anew.",
    "empty": "The file is empty: choose another.",
    "missing": "No file came with it: choose one again.",
    "contradiction": "Choose a file or remove the one there; not both.",
}
CHOOSE = {"required": "Nothing is chosen here: choose one that is listed."}
BY_KIND: tuple[tuple[type[forms.Field], dict[str, str]], ...] = (
    (forms.ChoiceField, CHOOSE),
    (forms.ModelChoiceField, CHOOSE),
    (forms.IntegerField, {"invalid": "That is no whole number: give one in digits, as 15."}),
    (forms.DateField, {"invalid": "That is no day: give year, month and day, as 2026-03-01."}),
    (forms.TimeField, {"invalid": "That is no time: give hours and minutes of 24, as 22:00."}),
    (forms.FileField, {
        "invalid": SENTENCES["missing"],
        "max_length": "At most %(max)d characters for the file's name; it has %(length)d. Rename it.",
    }),
)  # fmt: skip


class TypedForm(forms.Form):
    """A form that the browser does not cut, and that refuses in words that say what to do.

    A field's own ``error_messages`` win over the house's.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take the length off the fields, it stays with their checks; say what each refuses."""
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("maxlength", None)
            field.error_messages = _sentences(field) | _own(field)


def _sentences(field: forms.Field) -> dict[str, str]:
    of_kind = [told for kind, told in BY_KIND if isinstance(field, kind)]
    return {code: text for told in (SENTENCES, *of_kind) for code, text in told.items()}


def _own(field: forms.Field) -> dict[str, Any]:
    """Return what a field says itself: what is not Django's default for its kind."""
    default: dict[str, Any] = {}
    for kind in reversed(type(field).__mro__):
        default |= getattr(kind, "default_error_messages", {})
    return {c: text for c, text in field.error_messages.items() if text != default.get(c)}
