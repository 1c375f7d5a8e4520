"""Mail by SMTP, where it is configured."""

import smtplib

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from investigations.sending.outcome import Message, Outcome


def is_configured() -> bool:
    """Whether there is a server to send mail by."""
    return bool(settings.EMAIL_HOST and settings.DEFAULT_FROM_EMAIL)


def send_mail(message: Message, *, address: str) -> Outcome:
    """Send one message. Plain text only; the subject is one line."""
    if not is_configured():
        return Outcome(is_sent=False, answer="No mail server is configured.", is_final=True)
    text = "\n\n".join(part for part in (message.title, message.text, message.link) if part)
    mail = EmailMessage(
        subject=message.title, body=f"{text}\n", to=[address],
        headers={"Auto-Submitted": "auto-generated", "X-SRE-Delivery": message.dedup},
        connection=get_connection(),
    )  # fmt: skip
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        told = f"{code} {bytes(said).decode('utf-8', 'replace')}"
        return Outcome(is_sent=False, answer=told[:200], is_final=code >= 500)
    except (smtplib.SMTPException, OSError, ValueError) as error:
        return Outcome(is_sent=False, answer=f"{type(error).__name__}: {error}"[:200])
    return Outcome(is_sent=True, answer=f"{settings.EMAIL_HOST} took it")
