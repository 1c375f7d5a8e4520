"""Signing in with a name and a password."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpResponse

from investigations.domain.audit import record_audit
from investigations.typed_form import TypedForm
from sre_workspace.throttle import address_of, forgive, take_try


class PasswordForm(TypedForm, AuthenticationForm):
    """Looks at a password only when the throttle lets it."""

    wait_seconds = 0

    def clean(self) -> dict[str, Any]:
        """Count the try, then check the password."""
        name = self.cleaned_data.get("username")
        if name and self.request is not None:
            self.wait_seconds = take_try(name=name, address=address_of(self.request))
            if self.wait_seconds:
                raise ValidationError(
                    f"Too many tries. Wait {self.wait_seconds} s, then try again; your password "
                    "was not looked at."
                )
        return super().clean()


class PasswordSignIn(LoginView):
    """The sign-in page."""

    authentication_form = PasswordForm

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in, with a fresh session key."""
        name = form.get_user().get_username()
        forgive(name=name, address=address_of(self.request))
        record_audit(actor=f"person/{name}", verb="session.opened", subject=f"person/{name}",
                     detail={"by": "password"})  # fmt: skip
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Say what is wrong; 429 while a wait lasts."""
        answer = super().form_invalid(form)
        if wait := getattr(form, "wait_seconds", 0):
            answer.status_code = 429
            answer.headers["Retry-After"] = str(wait)
        return answer
