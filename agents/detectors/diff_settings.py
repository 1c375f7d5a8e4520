"""What settings, manifests and rules of access say otherwise now: names, versions, who may what."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from agents.detectors.diff_effects import Effect as E
from agents.detectors.diffs import Hunk

NONE: frozenset[E] = frozenset()
_TLS_VERSION = re.compile(r"(?:TLS|SSL)[_-]?v?(?:ersion)?[_.]?\d(?:[._]\d)?|VersionTLS\d\d", re.I)
_VERIFIES = re.compile(r"InsecureSkipVerify|reject_?unauthorized|(?:ssl|tls|cert\w*)_?verif\w*"
                       r"|verify(?:_?(?:ssl|tls|certs?|mode))?\s*[:=]|sslmode|trust_?all"
                       r"|require_?(?:ssl|tls)", re.I)  # fmt: skip
_TRUST = re.compile(r"cipher|ca[_-]?(?:bundle|file|cert|path)|/ssl/|/certs?/|/pki/|truststore|\.(?:pem|crt|jks)\b",
                    re.I)  # fmt: skip
_EVERY = re.compile(
    r"(?:schedule|cron)\w*[\"']?\s*[:=(]\s*[\"']?(?P<minute>\S+) (?P<hour>\S+) ", re.I
)
_ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?![\d.])")
_NAMED = re.compile(
    r"^(?:-\s*)?[\"']?(?P<key>[\w.-]*(?:name|ref|class|role|audience|issuer|topic|queue|bucket|table"
    r"|database|schema|namespace|group|profile|vhost|index)|key)[\"']?\s*[:=]\s*[\"']?"
    r"(?P<value>[\w./:@-]*[A-Za-z][\w./:@-]*)[\"']?,?$", re.I,
)  # fmt: skip
# A display name, a label of a metric, a test: nothing looks them up.
_SHOWN = re.compile(r"display|title|label|metric|job|step|user_?name|first|last|full", re.I)
_PERMISSION = re.compile(r"[\"']([a-z0-9-]+:[A-Z*][\w*]*)[\"']")
_VERBS = re.compile(
    r"^\s*-?\s*[\"']?(?:verbs|actions?|permissions|scopes?|grants?)[\"']?\s*[:=]", re.I
)
_WORD = re.compile(r"[A-Za-z_*][\w:.*-]*")
_PEERS = re.compile(r"podSelector|namespaceSelector|ipBlock|\bcidr\w*|security_?groups?\b|matchLabels"
                    r"|allow(?:ed)?_?(?:from|ips|origins|hosts)|whitelist|ingress_?rules?", re.I)  # fmt: skip
_SETTING = re.compile(
    r"^(?:- name:\s*)?[\"']?(?P<key>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)[\"']?(?:\s*[:=].*)?$"
)
_BASE = re.compile(r"^FROM (?:--\S+ )?(?P<name>[\w./-]+):v?(?P<major>\d+)", re.I)


class Said(NamedTuple):
    """One thing that is said otherwise, in the order of a reading's own fields."""

    family: str
    sentence: str
    sure: frozenset[E]
    possible: frozenset[E]
    words: str


def said_otherwise(hunk: Hunk, pairs: Sequence[tuple[str, str]]) -> Iterator[Said]:
    """Return what a hunk's settings say otherwise now.

    Args:
        hunk: One place of a diff.
        pairs: Its removed lines, each with the added one that takes its place.
    """
    for removed, added in pairs:
        yield from _exchanged(removed, added)
    yield from _base_image(hunk)
    yield from _peers(hunk)
    yield from _gone(hunk)


def _exchanged(removed: str, added: str) -> Iterator[Said]:
    both = f"{removed} {added}"
    old, new = (set(_TLS_VERSION.findall(side)) for side in (removed, added))
    if old and new and old != new:
        yield Said("tls version", "asks for other versions of TLS", frozenset({E.TLS}),
                   frozenset({E.ERRORS, E.CONNECT}), both)  # fmt: skip
    elif _VERIFIES.search(removed) and _VERIFIES.search(added) and removed != added:
        yield Said("verification", "checks certificates otherwise", frozenset({E.TLS}),
                   frozenset({E.ERRORS, E.CONNECT, E.AUTH}), both)  # fmt: skip
    elif _TRUST.search(removed) and _TRUST.search(added) and removed != added:
        yield Said("trust", "trusts or offers other certificates or ciphers", frozenset({E.TLS}),
                   frozenset({E.ERRORS, E.CONNECT, E.MISSING}), both)  # fmt: skip
    rare, often = _EVERY.search(removed), _EVERY.search(added)
    if rare and often and _is_oftener(often, rare):
        yield Said("schedule", "runs a job more often", frozenset({E.LOAD}),
                   frozenset({E.CPU, E.LOCK, E.QUERY, E.LATENCY}), both)  # fmt: skip
    here, there = _ADDRESS.findall(removed), _ADDRESS.findall(added)
    if here and there and here != there:
        yield Said("address", f"points to {there[0]} instead of {here[0]}",
                   frozenset({E.CONNECT, E.MISSING}), frozenset({E.ERRORS, E.TIMEOUT}), both)  # fmt: skip
    before, after = _NAMED.match(removed), _NAMED.match(added)
    is_same = before and after and before["key"] == after["key"]
    if before and after and is_same and not _SHOWN.search(before["key"]) and before[0] != after[0]:
        yield _renamed(before["key"], before["value"], after["value"], both)
    lost = _permissions(removed) - _permissions(added)
    if lost and not _permissions(added) - _permissions(removed):
        yield Said("permission", f"takes away the permission {min(lost)}", frozenset({E.AUTH}),
                   frozenset({E.ERRORS}), both)  # fmt: skip


def _is_oftener(now: re.Match[str], was: re.Match[str]) -> bool:
    """Whether a schedule meets more minutes of an hour, or more hours of a day, than before."""
    return any(
        not now[part].isdigit() and was[part].isdigit() for part in ("minute", "hour")
    ) and not any(now[part].isdigit() and not was[part].isdigit() for part in ("minute", "hour"))


def _renamed(key: str, old: str, new: str, both: str) -> Said:
    sure = {E.MISSING}
    if re.search(r"audience|issuer|role|account", key, re.I):
        sure.add(E.AUTH)
    if re.search(r"tls|cert", both, re.I):
        sure.add(E.TLS)
    if re.search(r"topic|queue|group", key, re.I):
        sure.add(E.BACKLOG)
    return Said("rename", f"names {new} as {key} instead of {old}", frozenset(sure),
                frozenset({E.ERRORS, E.CONFIG, E.CONNECT, E.CRASH, E.UNREADY}), both)  # fmt: skip


def _permissions(line: str) -> set[str]:
    """Return what a line permits: actions of a cloud, verbs of a role."""
    found = set(_PERMISSION.findall(line))
    if _VERBS.match(line):
        found |= set(_WORD.findall(_VERBS.sub("", line)))
    return found


def _base_image(hunk: Hunk) -> Iterator[Said]:
    old, new = (
        {m["name"]: m["major"] for line in side for m in [_BASE.match(line)] if m}
        for side in (hunk.removed, hunk.added)
    )
    for name in sorted(old.keys() & new.keys()):
        if old[name] != new[name]:
            said = f"builds on {name} {new[name]} instead of {old[name]}"
            possible = frozenset({E.ERRORS, E.CONTRACT, E.CRASH, E.NULL, E.TLS, E.MEMORY})
            yield Said("dependency", said, NONE, possible, name)


def _peers(hunk: Hunk) -> Iterator[Said]:
    """Tell that another set of callers may come in: policies of networks, lists of addresses."""
    removed = [line for line in hunk.removed if _PEERS.search(line)]
    added = [line for line in hunk.added if _PEERS.search(line)]
    if removed and added != removed:
        yield Said("callers", "changes who may connect", frozenset({E.CONNECT, E.TIMEOUT}),
                   frozenset({E.ERRORS, E.AUTH}), " ".join(removed + added))  # fmt: skip


def _gone(hunk: Hunk) -> Iterator[Said]:
    """Tell of a setting that nothing sets any more."""
    still = " ".join((*hunk.added, *hunk.context))
    for line in hunk.removed:
        match = _SETTING.match(line)
        if match and not re.search(rf"\b{match['key']}\b", still):
            yield Said("setting gone", f"no longer sets {match['key']}", frozenset({E.CONFIG}),
                       frozenset({E.CRASH, E.ERRORS, E.AUTH, E.NULL, E.CONNECT}), line)  # fmt: skip
            return
