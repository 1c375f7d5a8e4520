"""Structured logs, one JSON object a line, for our code and for the libraries."""

import logging
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

SIGN_IN_PATH = re.compile(r"/sign-in/[^/\s]+")


def hide_links(
    logger: object, name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Hide one-time sign-in links: a request that fails is logged with its path."""
    text = event.get("event")
    if isinstance(text, str) and "/sign-in/" in text:
        event["event"] = SIGN_IN_PATH.sub("/sign-in/[hidden]", text)
    return event


def configure_logging(*, level: str) -> None:
    """Send structlog and the standard library's logging through one formatter. Idempotent."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide_links,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.processors.JSONRenderer(default=str), foreign_pre_chain=shared
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "daphne.http_protocol", "kombu"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
