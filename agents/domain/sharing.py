"""Asking once what several specialists ask: the same question of one round gets one answer."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import fields, replace
from typing import Any

from telemetry.ports import TelemetrySources
from telemetry.results import QueryResult

MAX_KEPT = 4
Answer = QueryResult[Any]


class Answers:
    """What one round of one investigation was told, in this process.

    Who asks while the same question is on its way waits for that answer. A question that failed is
    not kept: the next one asks again. ``memo`` keeps what was worked out from the answers.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: dict[Hashable, Future[Answer | None]] = {}
        self.memo: dict[Hashable, object] = {}

    def get(self, question: Hashable, ask: Callable[[], Answer]) -> Answer:
        """Return the answer to a question; ``is_repeat`` when somebody else had asked it."""
        while True:
            with self._lock:
                told = self._told.get(question)
                if told is None:
                    own = self._told[question] = Future()
                    break
            if (known := told.result()) is not None:
                return replace(known, is_repeat=True)
        answer = None
        try:
            answer = ask()
        finally:
            is_kept = answer is not None and answer.is_answer
            with self._lock:
                if not is_kept:
                    del self._told[question]
            own.set_result(answer if is_kept else None)
        return answer


_kept: "OrderedDict[tuple[int, int], Answers]" = OrderedDict()
_lock = threading.Lock()


def answers_of(investigation_id: int, round_number: int) -> Answers:
    """Return what a round was told in this process; few rounds are kept."""
    with _lock:
        answers = _kept.setdefault((investigation_id, round_number), Answers())
        _kept.move_to_end((investigation_id, round_number))
        while len(_kept) > MAX_KEPT:
            _kept.popitem(last=False)
    return answers


def forget_round(investigation_id: int, round_number: int) -> None:
    """Keep no longer what a round was told: it has its diagnosis."""
    with _lock:
        _kept.pop((investigation_id, round_number), None)


class _Shared:
    """A port whose questions are asked once."""

    def __init__(self, port: object, field: str, answers: Answers) -> None:
        self._port, self._field, self._answers = port, field, answers

    @property
    def name(self) -> str:
        return str(getattr(self._port, "name", self._field))

    def __getattr__(self, question: str) -> Callable[..., Any]:
        ask: Callable[..., Any] = getattr(self._port, question)

        def shared_ask(*args: object, **options: object) -> Answer:
            said = [*args, *(part for option in sorted(options.items()) for part in option)]
            key = (question, *(tuple(a) if isinstance(a, list) else a for a in said))
            return self._answers.get((self._field, *key), lambda: ask(*args, **options))

        return shared_ask


def shared(sources: TelemetrySources, answers: Answers) -> TelemetrySources:
    """Return the sources with every connected port asked once per question."""
    ports: dict[str, Any] = {
        field.name: _Shared(port, field.name, answers)
        for field in fields(sources)
        if (port := getattr(sources, field.name)) is not None
    }
    return replace(sources, **ports)
