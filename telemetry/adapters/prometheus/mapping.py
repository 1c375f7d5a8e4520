"""Which series mean what: rules from a file, and the PromQL that each becomes."""

import re
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from telemetry.errors import QueryRejected
from telemetry.types import ResourceKind, Semantic

SHIPPED = Path(__file__).parent / "mapping.toml"
# A pod's own name, and the endings that Deployments, StatefulSets and DaemonSets put behind it.
_HASH = "[bcdfghjklmnpqrstvwxz2456789]"
POD_PATTERN = f"(.+?)(-{_HASH}{{5,10}}-{_HASH}{{5}}|-[0-9]+|-{_HASH}{{5}})?"
_UNITS = (
    ("_seconds", "seconds"),
    ("_bytes", "bytes"),
    ("_ratio", "ratio"),
    ("_rate", "per_second"),
)


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")
    semantic: Semantic
    metric: str
    by: list[str]
    query: str
    needs: list[str] = []
    label: list[str] = []
    peer: str = ""
    kind: ResourceKind = ResourceKind.SERVICE
    is_pod: bool = False


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rule: list[_Row] = []


@dataclass(frozen=True, slots=True)
class MappingRule:
    """One row of a mapping file; see ``mapping.toml`` for what each field does."""

    semantic: Semantic
    metric: str
    by: tuple[str, ...]
    query: str
    needs: tuple[str, ...] = ()
    label: tuple[str, ...] = ()
    peer: str = ""
    kind: ResourceKind = ResourceKind.SERVICE
    is_pod: bool = False

    @property
    def name(self) -> str:
        """What people see as the name of the rule's series."""
        return f"{self.semantic.value} from {self.metric}"


@dataclass(frozen=True, slots=True)
class BoundRule:
    """A rule with the labels that its metric has on this server."""

    rule: MappingRule
    by: str
    label: str = ""
    has_namespace: bool = False
    has_pod: bool = False

    @property
    def result_label(self) -> str:
        """The label of the result that names the resource."""
        return "workload" if self.rule.is_pod else self.by

    def expression(
        self, names: Sequence[str], *, namespaces: Sequence[str], range_seconds: float,
        by_pod: bool = False,
    ) -> str:  # fmt: skip
        """Return the PromQL for resources of these names; none means all. ``by_pod``: per pod."""
        match = selector(
            self.by, names, is_pod=self.rule.is_pod,
            namespaces=namespaces if self.has_namespace else (),
        )  # fmt: skip
        query = self.rule.query.replace("by ($by", "by ($by, pod") if by_pod else self.rule.query
        text = query.replace("$range", f"{max(1, round(range_seconds))}s")
        text = _with_pod_names(text).replace("$match", match)
        text = text.replace("$label", self.label).replace("$peer", self.rule.peer)
        return text.replace("$by", self.result_label)


def selector(
    label: str, names: Sequence[str], *, is_pod: bool = False, namespaces: Sequence[str] = ()
) -> str:
    """Return label matchers: the label is there and is, or begins with, one of the names."""
    escaped = _pattern(names)
    if not names:
        matchers = [f'{label}!=""']
    elif is_pod:
        matchers = [f'{label}=~"({escaped})(-.*)?"']
    else:
        matchers = [f'{label}=~"{escaped}"']
    if namespaces:
        matchers.append(f'namespace=~"{_pattern(namespaces)}"')
    return ",".join(matchers)


def _pattern(names: Sequence[str]) -> str:
    """Return a pattern of the very names, as the inside of a PromQL string. Names are untrusted."""
    text = "|".join(re.escape(name) for name in sorted(set(names)))
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _with_pod_names(text: str) -> str:
    """Write ``$pod(...)`` out as the label ``workload``, made from ``pod``."""
    while (start := text.find("$pod(")) >= 0:
        depth, at = 1, start + len("$pod(")
        while depth and at < len(text):
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            at += 1
        inner = text[start + len("$pod(") : at - 1]
        replaced = f'label_replace({inner}, "workload", "$1", "pod", "{POD_PATTERN}")'
        text = text[:start] + replaced + text[at:]
    return text


def unit_of(name: str) -> str:
    """Return the unit that a name states by its ending."""
    base = name.removesuffix("_total").removesuffix("_sum")
    return next((unit for ending, unit in _UNITS if base.endswith(ending)), "count")


@cache
def load_mapping(path: str = "") -> tuple[MappingRule, ...]:
    """Return the rules of the user's file, then the shipped ones.

    Raises:
        QueryRejected: The file is missing or malformed; the message names the field.
    """
    own = _read(Path(path)) if path else ()
    return (*own, *_read(SHIPPED))


def _read(path: Path) -> tuple[MappingRule, ...]:
    try:
        found = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise QueryRejected(f"the mapping file {path} cannot be read") from error
    except tomllib.TOMLDecodeError as error:
        raise QueryRejected(f"the mapping file {path.name} is not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise QueryRejected(f"the mapping file {path.name}: {where}: {first['msg']}") from error
    return tuple(
        MappingRule(
            row.semantic, row.metric, tuple(row.by), row.query, tuple(row.needs),
            tuple(row.label), row.peer, row.kind, row.is_pod,
        )
        for row in found.rule
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What a server has: names of metrics, and labels of those that rules read."""

    metrics: frozenset[str] = frozenset()
    labels: dict[str, frozenset[str]] = field(default_factory=dict)


def wanted_metrics(rules: Sequence[MappingRule], present: Collection[str]) -> list[str]:
    """Return the metrics of rules that could apply, each once."""
    names = [r.metric for r in rules if r.metric in present and set(r.needs) <= set(present)]
    return list(dict.fromkeys(names))


def bind(rules: Sequence[MappingRule], known: Known) -> list[BoundRule]:
    """Return the rules that apply: for each meaning, kind and peer the first whose metric exists."""
    found: dict[tuple[Semantic, ResourceKind, str], BoundRule] = {}
    for rule in rules:
        labels = known.labels.get(rule.metric, frozenset())
        by = next((label for label in rule.by if label in labels), "")
        extra = next((label for label in rule.label if label in labels), "")
        is_complete = set(rule.needs) <= known.metrics and (extra or not rule.label)
        if by and is_complete and (not rule.peer or rule.peer in labels):
            key = (rule.semantic, rule.kind, rule.peer)
            found.setdefault(key, BoundRule(
                rule, by, extra, "namespace" in labels, rule.is_pod or "pod" in labels
            ))  # fmt: skip
    return list(found.values())
