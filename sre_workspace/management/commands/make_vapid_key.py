"""``manage.py make_vapid_key``: a key for notifications in browsers."""

from django.core.management.base import BaseCommand

from investigations.sending.push import make_private_key


class Command(BaseCommand):
    """Make a key and print it once."""

    help = "Make a VAPID key. Put it into SRE_VAPID_PRIVATE_KEY; browsers subscribe to it."

    def handle(self, *args: object, **options: object) -> None:
        """Print the private key."""
        self.stdout.write(make_private_key())
