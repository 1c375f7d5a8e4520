"""Signing in: links of one use, hashed at rest, and the counts that slow down guessing."""

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


class SignInTries(models.Model):
    """How often a name, an address, or a name from an address was tried lately.

    ``key`` is a kind and a SHA-256. Until ``blocked_until`` no password is looked at.
    """

    key = models.CharField(max_length=80, unique=True)
    tries = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(db_index=True)
    blocked_until = models.DateTimeField()

    class Meta:
        verbose_name_plural = "sign-in tries"

    def __str__(self) -> str:
        return f"{self.tries} tries of {self.key[:12]}"
