"""Webhooks: Slack-compatible or plain JSON, signed."""

import hashlib
import hmac
import json
import time

from investigations.sending.outbound import Hosts, post
from investigations.sending.outcome import Message, Outcome

# Slack's markup: its own three characters escaped, the others made to look alike without a meaning.
SLACK_ESCAPES = str.maketrans({
    "&": "&amp;", "<": "&lt;", ">": "&gt;", "*": "\u2217", "_": "\u02cd", "`": "'", "~": "\u223c",
})  # fmt: skip


def sign(secret: str, body: bytes, at: int) -> str:
    """Return the signature header: ``t=<Unix seconds>,v1=<HMAC-SHA256 of "t.body">`` in hex."""
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


def body_of(message: Message, *, is_slack: bool) -> bytes:
    """Return the JSON that is sent."""
    if is_slack:
        title, text = (t.translate(SLACK_ESCAPES) for t in (message.title, message.text))
        link = f"<{message.link}|Open>" if message.link.startswith("http") else message.link
        lines = [f"*{title}*", text, link]
        data: dict[str, object] = {
            "text": "\n".join(line for line in lines if line), "unfurl_links": False,
        }  # fmt: skip
    else:
        data = {
            "title": message.title, "text": message.text, "link": message.link,
            "path": message.path, "kind": message.kind, "dedup_key": message.dedup,
        }  # fmt: skip
    return json.dumps(data, ensure_ascii=False).encode()


def send_webhook(
    message: Message, *, url: str, secret: str, is_slack: bool, hosts: Hosts
) -> Outcome:
    """Send one message to a webhook."""
    body = body_of(message, is_slack=is_slack)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "SRE-Workspace",
        "X-SRE-Signature": sign(secret, body, int(time.time())),
        "X-SRE-Delivery": message.dedup,
    }
    return post(url, body, headers, hosts)
