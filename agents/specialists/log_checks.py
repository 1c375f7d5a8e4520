"""Looking for features in logs: new kinds of error, by template and by what they speak of."""

import re
from collections.abc import Iterator
from datetime import datetime

from agents.case import Case
from agents.detectors.log_templates import Template, find_new, mine
from agents.enums import Presence
from agents.features import FEATURES
from agents.findings import Finding
from agents.specialists.reader import Reader
from telemetry.phrasing import clock
from telemetry.redaction import redact
from telemetry.types import LogLine, ResourceKind, ResourceRef, TelemetryKind, utc

# Most specific first: a line counts for the first feature whose pattern it meets.
TOPICS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (feature, re.compile(pattern, re.I))
    for feature, pattern in (
        ("credentials_logs", r"access denied for user|password authentication failed|"
                             r"authentication failed|login failed for user|WRONGPASS|"
                             r"ER_ACCESS_DENIED|invalid username or password|ORA-01017"),
        ("read_only_logs", r"--(super-)?read-only|read_only option|read[- ]only (transaction|mode)|"
                           r"\btable \S{1,60} is (marked )?read[- ]?only|"
                           r"READONLY You can't write|database is (in )?read[- ]?only|"
                           r"super_read_only|not master and slaveOk|not (writable )?primary|"
                           r"(connection|server|instance|node|table|replica) is (in )?read[- ]?only|"
                           r"in a read-only|open for read[- ]only|read-?only database|NotWritablePrimary"),
        ("connections_logs", r"too many (client )?connections|too many clients already|"
                             r"max_user_connections|remaining connection slots|"
                             r"max number of clients reached"),
        ("port_in_use_logs", r"address (already )?in use|EADDRINUSE|only one usage of each socket|"
                             r"port\W{0,3}\d+ (is|was) already|port .{0,20}already (allocated|bound)|"
                             r"(failed|unable|not able) to bind|(cannot|can't|could not) bind"),
        ("database_unreachable_logs", r"communications link failure|could not connect to server|"
                                      r"unable to (acquire|obtain|open) .{0,12}(jdbc|connection)|"
                                      r"can't connect to (mysql|mariadb|postgres|.{0,10}server)"),
        ("permission_logs", r"permission denied|EACCES|operation not permitted|"
                            r"read-only file ?system"),
        ("disk_logs", r"no space left on device|disk (is )?full|ENOSPC"),
        ("oom_logs", r"out of memory|OutOfMemory|cannot allocate memory"),
        ("tls_logs", r"x509|certificate|tls handshake|ssl(v3|error| handshake)"),
        ("dns_logs", r"no such host|name resolution|NXDOMAIN|getaddrinfo|UnknownHost"),
        ("pool_logs", r"connection.{0,40}pool|pool.{0,30}(exhaust|timeout|timed out)|"
                      r"too many (connections|clients)|remaining connection slots"),
        ("lock_logs", r"deadlock|lock (wait|timeout)|waiting for .*lock|could not obtain lock"),
        ("refused_logs", r"connection refused|ECONNREFUSED|connect: .*refused"),
        ("reset_logs", r"reset by peer|broken pipe|ECONNRESET|connection reset|unexpected EOF"),
        ("timeout_logs", r"timed? ?out|deadline exceeded|ETIMEDOUT"),
        ("lag_logs", r"(event loop|scheduler) (lag|delay)|stalled for|gc pause"),
        ("missing_config_logs", r"(missing|required|undefined|unset).{0,40}"
                                r"(setting|variable|config|env|key)|KeyError: '?[A-Z_]{4,}"),
        ("crash_logs", r"start-?up failed|failed to start|fatal|panic:|segfault"),
    )
)  # fmt: skip
FOREIGN = re.compile(r"(call to|calling|request to|upstream|from) [\w./-]+ (failed|returned|status)"
                     r"|status (code )?5\d\d|HTTP[ /]5\d\d|unavailable|HttpServerError"
                     r"|no (healthy |ready |running )?(instances?|endpoints?|upstreams?|backends?|hosts?)"
                     r"( are| is|s)? (available|found|ready|for)", re.I)  # fmt: skip
MAX_LINES = 5
MIN_COUNT = 3
SILENT_SECONDS = 60.0
# One line of these is enough: nobody logs them without cause.
DECISIVE = {
    "credentials_logs", "read_only_logs", "connections_logs", "port_in_use_logs", "dns_logs",
    "database_unreachable_logs", "permission_logs", "disk_logs", "oom_logs",
}  # fmt: skip
ABOUT_DATABASES = {
    "credentials_logs", "read_only_logs", "connections_logs", "database_unreachable_logs",
}  # fmt: skip
DATABASE_NAME = re.compile(r"mysql|maria|postgres|pgsql|mongo|redis|oracle|mssql|database|"
                           r"(^|[-_])db([-_]|$)|[-_]?cart-db", re.I)  # fmt: skip


def topic_of(text: str) -> str:
    """Return the feature that a line speaks of; what nobody else's fault explains is new."""
    for feature, pattern in TOPICS:
        if pattern.search(text):
            return feature
    return "" if FOREIGN.search(text) else "new_error_template"


def tells_of_others(text: str) -> bool:
    """Whether a line says that something else is in trouble: a call out failed or found nobody."""
    return bool(FOREIGN.search(text)) or topic_of(text) in {
        "refused_logs", "reset_logs", "timeout_logs", "dns_logs",
    }  # fmt: skip


def check_logs(reader: Reader) -> Iterator[Finding]:
    """Mine the warnings and errors of each resource before and after, and report what is new."""
    after, before = reader.logs("window"), reader.logs("baseline")
    owned = {s.slug for s in FEATURES.values() if s.owner is reader.agent}
    old, new = by_resource(before.data), by_resource(after.data)
    case = reader.case
    for resource, lines in new.items():
        grown = find_new(
            mine(old.get(resource, [])),
            mine(lines),
            baseline_seconds=case.baseline.duration.total_seconds(),
            window_seconds=case.window.duration.total_seconds(),
            min_count=1,
        )
        topics: dict[str, list[Template]] = {}
        for template in grown:
            topic = topic_of(template.example)
            if template.count >= MIN_COUNT or topic in DECISIVE:
                topics.setdefault(topic, []).append(template)
        for feature, templates in topics.items():
            if feature in owned:
                yield _finding(reader, feature, resource, templates)
    if after.is_answer and before.is_answer:
        yield from _silent(reader, owned, {r for r in new if new[r]})


def by_resource(lines: tuple[LogLine, ...]) -> dict[ResourceRef, list[tuple[float, str]]]:
    """Return warnings and errors as (unix seconds, text) by who wrote them."""
    found: dict[ResourceRef, list[tuple[float, str]]] = {}
    for line in lines:
        if line.severity.lower() not in {"debug", "info", "trace"}:
            found.setdefault(line.resource, []).append((line.at.timestamp(), line.body))
    return found


def _finding(reader: Reader, feature: str, resource: ResourceRef, templates: list[Template]
             ) -> Finding:  # fmt: skip
    count = sum(t.count for t in templates)
    first = min(t.first_at for t in templates)
    example = redact(templates[0].example, limit=160)
    return Finding(
        agent=reader.agent,
        feature=feature,
        resource=resource,
        presence=Presence.PRESENT,
        kind=TelemetryKind.LOG,
        claim=f'{resource.name} has logged {count} new lines since {clock(first)}: "{example}".',
        provenance=reader.logs("window").provenance,
        extra_provenance=(reader.logs("baseline").provenance,),
        magnitude=float(count),
        unit="count",
        peer=database_of(reader.case, resource) if feature in ABOUT_DATABASES else None,
        strength=1.0 if feature in DECISIVE else min(1.0, 0.4 + count / 40),
        onset_at=utc(first),
        ended_at=None if feature in DECISIVE else _fell_silent(reader, templates),
        sample={"lines": [redact(t.example, limit=300) for t in templates[:MAX_LINES]],
                "templates": [{"text": t.text, "count": t.count} for t in templates[:MAX_LINES]]},
        is_tainted=True,
    )  # fmt: skip


def _fell_silent(reader: Reader, templates: list[Template]) -> datetime | None:
    """Return when lines that kept coming came last, if they have stopped; else None."""
    times = sorted(at for t in templates for at in t.times)
    silence = reader.case.window.end.timestamp() - times[-1]
    gap = (times[-1] - times[0]) / max(1, len(times) - 1)
    is_whole = not reader.logs("window").provenance.truncated_count
    return utc(times[-1]) if is_whole and silence > max(SILENT_SECONDS, 3 * gap) else None


def database_of(case: Case, resource: ResourceRef) -> ResourceRef | None:
    """Return the only database that a resource calls, by kind or name; None if that is not clear."""
    found = [
        r for r in case.graph.callees(resource)
        if r.kind is ResourceKind.DATABASE or DATABASE_NAME.search(r.name)
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None


def _silent(reader: Reader, owned: set[str], spoke: set[ResourceRef]) -> Iterator[Finding]:
    if "new_error_template" not in owned:
        return
    for resource in reader.case.affected:
        if resource not in spoke:
            yield Finding(
                agent=reader.agent, feature="new_error_template", resource=resource,
                presence=Presence.ABSENT, kind=TelemetryKind.LOG,
                claim=f"{resource.name} logged no warning or error in the window.",
                provenance=reader.logs("window").provenance,
            )  # fmt: skip
