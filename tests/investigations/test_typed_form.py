"""Every form of the project refuses in the house's words: what is wrong, and what to do."""

import importlib.util
import pkgutil
import re
from pathlib import Path

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile

from investigations.typed_form import TypedForm
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
PACKAGES = ("agents", "investigations", "remediation", "sre_workspace")
WRONG = ("", "x" * 5000, "nothing of the kind", "-1", "99999999", "a\x00b")
# How Django's own refusals begin.
DJANGOS = re.compile(
    r"This field|Ensure|Enter |Select |No file was|The submitted|Null char|Please "
)


def forms_of_the_project() -> list[type[forms.BaseForm]]:
    for name in PACKAGES:
        for module in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
            # Programs of their own (beat, say) would make their settings those of the tests.
            if "Form)" in Path(importlib.util.find_spec(module.name).origin).read_text():
                importlib.import_module(module.name)
    found, classes = [], [forms.BaseForm]
    while classes:
        below = classes.pop().__subclasses__()
        classes += below
        found += [c for c in below if c.__module__.partition(".")[0] in PACKAGES]
    return sorted(set(found) - {TypedForm}, key=lambda c: c.__name__)


def test_no_form_answers_in_the_words_of_its_framework() -> None:
    found = forms_of_the_project()
    assert {"AuditForm", "HistoryForm", "PasswordForm", "SymptomForm"} <= {
        c.__name__ for c in found
    }
    told = set()
    for kind in found:
        for value in WRONG:
            names = list(kind.base_fields)
            files = {n: SimpleUploadedFile("a.md", value.encode()) for n in names if n == "file"}
            form = kind(data=dict.fromkeys(names, value), files=files)
            for name in names:
                for text in form.errors.get(name, []):
                    assert not DJANGOS.match(text), (kind.__name__, name, text)
                    assert text.endswith("."), text
                    told.add(text)
            assert not any("maxlength" in f.widget.attrs for f in form.fields.values())
    assert len(told) > 12, "each kind of mistake was made"


def test_what_is_missing_or_too_long_says_so_beside_its_field(client) -> None:
    client.force_login(person("rosa", "responder"))
    sent = {"symptom": "", "resource": "p" * 5000, "minutes": "0"}
    page = client.post("/incidents/new/", sent).content.decode()
    assert "Nothing is given here: fill it in." in page
    assert "At most 150 characters; yours has 5000. Shorten it." in page
    assert "0 is too little: give 2 or more." in page
    assert 'value="' + "p" * 5000 in page, "what was typed is kept"
    page = client.get("/history/", {"q": "w" * 301, "since": "yesterday"}).content.decode()
    assert "At most 300 characters; yours has 301. Shorten it." in page
    assert "Year, month and day, as 2026-03-01." in page
    assert "w" * 301 in page
