"""Hand-made traces: a shop whose front calls a cart and a stock service."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from telemetry.types import LogLine, Span, service

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
FRONT, CART, STOCK = service("front"), service("cart"), service("stock")


@dataclass
class Times:
    """Seconds that each part of one request takes."""

    front: float = 0.010
    cart: float = 0.010
    stock: float = 0.010
    way_to_cart: float = 0.002
    way_to_stock: float = 0.002


@dataclass
class Shop:
    """Makes requests ``front -> cart -> stock`` with client spans, and a line per step."""

    spans: list[Span]
    lines: list[LogLine]
    count: int = 0

    def request(
        self, at: datetime, times: Times, lines: dict[str, list[tuple[str, str]]] | None = None
    ) -> None:
        self.count += 1
        trace = f"t{self.count}"
        stock = times.stock
        to_stock = stock + times.way_to_stock
        cart = times.cart + to_stock
        to_cart = cart + times.way_to_cart
        said = lines or {}
        rows = (
            ("f", "", FRONT, "GET /buy", 0.0, times.front + to_cart),
            ("fc", "f", FRONT, "HTTP GET", times.front / 2, to_cart),
            ("c", "fc", CART, "/cart", times.front / 2 + times.way_to_cart / 2, cart),
            ("cs", "c", CART, "HTTP GET", times.front / 2 + times.cart / 2, to_stock),
            ("s", "cs", STOCK, "/stock", times.front / 2 + times.cart / 2, stock),
        )
        for name, parent, resource, operation, offset, seconds in rows:
            start = at + timedelta(seconds=offset)
            self.spans.append(
                Span(trace, name, parent, resource, operation, start, seconds, pod="")
            )
            for number, (severity, body) in enumerate(said.get(name, [])):
                self.lines.append(
                    LogLine(start + timedelta(microseconds=number), resource, severity, body,
                            trace, span_id=name)
                )  # fmt: skip


def shop(
    times: Callable[[int], Times] = lambda _: Times(),
    lines: Callable[[int], dict[str, list[tuple[str, str]]]] | None = None,
    *, count: int = 20, start: datetime = NOW, every_seconds: float = 2.0,
) -> Shop:  # fmt: skip
    """Return a shop that has served ``count`` requests, the n-th with these times and lines."""
    made = Shop([], [], count=int(start.timestamp()))
    for number in range(count):
        made.request(start + timedelta(seconds=every_seconds * number), times(number),
                     lines(number) if lines else None)  # fmt: skip
    return made
