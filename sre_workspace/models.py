"""Sign-in links: one use, short-lived, hashed at rest."""

from django.conf import settings
from django.db import models


class SignInLink(models.Model):
    """A one-time link that signs a person in. Only the SHA-256 of its token is kept."""

    digest = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"sign-in link of {self.user}"
