"""Refusals of the board, each with the sentence a person should read."""


class BoardError(Exception):
    """A change to the board was refused. ``str()`` is fit to show."""


class IllegalTransition(BoardError):
    """The object has moved on, or may not move that way."""


class EvidenceRejected(BoardError):
    """The evidence cites no query, or its claim is empty."""


class StaleLease(BoardError):
    """The worker that writes has lost its lease to another: nothing was written."""


class NotFound(BoardError):
    """The row does not exist, or this person may not see it."""
