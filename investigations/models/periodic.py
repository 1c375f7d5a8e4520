"""Work that is done again and again, by one worker at a time."""

from django.db import models


class PeriodicJob(models.Model):
    """When a repeated job last ran, how it went, and who holds it now.

    Claimed by lease and epoch (:mod:`investigations.domain.periodic`): a doubled message does
    nothing, a dead worker's claim runs out. ``sentence`` is what the last success found.
    """

    name = models.CharField(max_length=64, unique=True)
    epoch = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    attempted_at = models.DateTimeField(null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    sentence = models.CharField(max_length=400, blank=True)
    error = models.CharField(max_length=400, blank=True)

    def __str__(self) -> str:
        return self.name
