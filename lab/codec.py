"""Value types to plain JSON values and back, as the lab's clients read and write them."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum

from telemetry.types import ResourceKind, ResourceRef, Semantic, SeriesRef

_known: dict[type, tuple[str, ...]] = {}


def _names(kind: type) -> tuple[str, ...]:
    if kind not in _known:
        _known[kind] = tuple(f.name for f in fields(kind)) if is_dataclass(kind) else ()
    return _known[kind]


def plain(value: object) -> object:
    """Return a value type, or a sequence of them, as dicts, lists, text and numbers."""
    if value is None or type(value) in {str, int, float, bool}:
        return value
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    names = _names(type(value))
    if names:
        return {name: plain(getattr(value, name)) for name in names}
    raise ValueError(f"{type(value).__name__} has no plain form")


def series_refs(value: object) -> list[SeriesRef]:
    """Read series references as :func:`plain` wrote them.

    Raises:
        ValueError: They are not such a list.
    """
    if not isinstance(value, list):
        raise ValueError("refs must be a list")
    return [_series_ref(item) for item in value]


def _series_ref(item: object) -> SeriesRef:
    if not isinstance(item, dict):
        raise ValueError("a series reference must be an object")
    semantic, peer = item.get("semantic"), item.get("peer")
    try:
        return SeriesRef(
            resource=_resource(item["resource"]),
            name=str(item["name"]),
            semantic=None if semantic is None else Semantic(semantic),
            peer=None if peer is None else _resource(peer),
            unit=str(item.get("unit", "")),
            labels=tuple((str(k), str(v)) for k, v in item.get("labels", ())),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a series reference: {error}") from error


def _resource(item: Mapping[str, object]) -> ResourceRef:
    return ResourceRef(
        ResourceKind(str(item["kind"])), str(item["name"]), str(item.get("namespace", ""))
    )
