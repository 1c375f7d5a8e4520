"""What came of one attempt to send."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent. ``link`` is an absolute address, or a path where none is known."""

    title: str
    text: str
    path: str
    link: str
    kind: str
    dedup: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """``is_final``: trying again would not help. ``is_gone``: the receiver is no more."""

    is_sent: bool
    answer: str
    is_final: bool = False
    is_gone: bool = False
