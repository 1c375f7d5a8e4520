"""What a change can do to a system, and which words of its errors and alerts show it."""

import re
from enum import StrEnum


class Effect(StrEnum):
    """Something that goes wrong in a way that can be told apart."""

    ERRORS = "errors"
    LATENCY = "latency"
    TIMEOUT = "time limits run out"
    NULL = "missing values"
    BOUNDS = "positions out of range"
    RACE = "races"
    LOCK = "waiting for locks"
    MEMORY = "growing memory"
    CPU = "busy processors"
    CACHE = "cache misses"
    QUERY = "slow or many queries"
    LOAD = "load on what it calls"
    RETRY = "repeated calls"
    POOL = "a full pool"
    CONNECTIONS = "too many connections"
    CONNECT = "connections that fail"
    MISSING = "things that are not there"
    CONTRACT = "data that the other side cannot read"
    CONFIG = "missing settings"
    CRASH = "crashes"
    AUTH = "refused access"
    TLS = "failing handshakes"
    LIMITED = "refused load"
    SIZE = "too big messages"
    DISK = "full disks"
    BACKLOG = "backlog"
    HANDLES = "open handles"
    STALE = "stale data"
    ARITHMETIC = "wrong numbers"
    DUPLICATE = "doubled work"
    UNREADY = "pods that do not become ready"


# By the feature that a specialist reports.
OF_FEATURES: dict[str, tuple[Effect, ...]] = {
    "error_rise": (Effect.ERRORS,),
    "new_error_template": (Effect.ERRORS,),
    "latency_rise": (Effect.LATENCY,),
    "timeout_logs": (Effect.TIMEOUT,),
    "retry_amplification": (Effect.RETRY, Effect.LOAD),
    "cache_miss_rise": (Effect.CACHE,),
    "query_latency_rise": (Effect.QUERY,),
    "lock_wait": (Effect.LOCK,),
    "lock_logs": (Effect.LOCK,),
    "pool_saturation": (Effect.POOL,),
    "pool_wait_rise": (Effect.POOL,),
    "pool_logs": (Effect.POOL,),
    "connections_logs": (Effect.CONNECTIONS,),
    "memory_ramp": (Effect.MEMORY,),
    "memory_near_limit": (Effect.MEMORY,),
    "oom_logs": (Effect.MEMORY,),
    "restart_increase": (Effect.CRASH,),
    "crash_logs": (Effect.CRASH,),
    "cpu_saturation": (Effect.CPU,),
    "cpu_throttling": (Effect.CPU,),
    "disk_near_full": (Effect.DISK,),
    "disk_logs": (Effect.DISK,),
    "dns_logs": (Effect.CONNECT,),
    "dns_failure": (Effect.CONNECT,),
    "refused_logs": (Effect.CONNECT,),
    "missing_config_logs": (Effect.CONFIG,),
    "credentials_logs": (Effect.AUTH,),
    "permission_logs": (Effect.AUTH,),
}  # fmt: skip
_WORDS: tuple[tuple[Effect, re.Pattern[str]], ...] = tuple(
    (effect, re.compile(pattern, re.I))
    for effect, pattern in (
        (Effect.TIMEOUT, r"timed?[ -]?out|deadline ?exceeded|exceeded deadline|ETIMEDOUT"
                         r"|cancell?ed by (the )?client"),
        (Effect.NULL, r"nil pointer|nil map|NullPointer|null reference|NoneType|SIGSEGV"
                      r"|of (undefined|null)\b|is (undefined|null|None|not a function)|unwrap\(\)"),
        (Effect.BOUNDS, r"out of (range|bounds)|IndexError|OutOfBounds"),
        (Effect.RACE, r"concurrent map|data race|ConcurrentModification|race condition|torn read"
                      r"|changed size during iteration"),
        (Effect.LOCK, r"deadlock|lock (wait|timeout)|waiting for .{0,20}lock|all goroutines are"
                      r"|blocked thread|lock contention"),
        (Effect.MEMORY, r"out of memory|OutOfMemory|oom[-_ ]?kill|heap (growing|exhausted|space)"
                        r"|exceeded memory|memory (leak|limit)|cannot allocate|memory_(rss|working)"),
        (Effect.CPU, r"\bcpu\b.{0,30}(satur|above|high|thrott|exhaust)|event loop (lag|block)"),
        (Effect.CACHE, r"cache[ _-]?miss|miss(es)? .{0,12}cache|hit[ _](ratio|rate)|stampede"
                       r"|read-through"),
        (Effect.QUERY, r"slow query|statement timeout|(full|seq(uential)?)[ _](table )?scan"
                       r"|quer(y|ies).{0,20}(slow|per request|exceed)|db_quer"),
        (Effect.LOAD, r"overload|too much load|load shed|queries per second|saturat"),
        (Effect.RETRY, r"retry storm|retries exhausted|retry (budget|attempts)|retry_(rate|count)"),
        (Effect.POOL, r"pool.{0,30}(exhaust|full|timeout|timed out|wait|satur)"
                      r"|(acquire|obtain|wait\w*).{0,25}connection"),
        (Effect.CONNECTIONS, r"too many (client )?connections|too many clients|connection slots"
                             r"|max_connections"),
        (Effect.CONNECT, r"no such host|connection refused|ECONNREFUSED|NXDOMAIN|name resolution"
                         r"|ENOTFOUND|getaddrinfo|no route to host"),
        (Effect.MISSING, r"not found|not registered|unregistered|no (handler|bean|provider|route)\b"
                         r"|does not exist|unknown (agent|handler|topic|metric|method|route)"),
        (Effect.CONTRACT, r"unmarshal|deserial|decod\w+|missing (required )?(field|key|column)"
                          r"|unknown (field|column)|no such (column|field)|unexpected (token|type)"
                          r"|schema|KeyError|incompatible|parse (error|failure)|invalid (json|wire)"
                          r"|column .{0,40}(not|exist)|violates"),
        (Effect.CONFIG, r"(missing|required|undefined|unset).{0,40}(setting|variable|config|env)"),
        (Effect.CRASH, r"panic|segfault|fatal error|crash|CrashLoop"),
        (Effect.AUTH, r"unauthori[sz]ed|forbidden|\b40[13]\b|permission denied|access denied"
                      r"|invalid (token|signature|credential|issuer|audience)|jwt|token (expired|rej)"
                      r"|signature"),
        (Effect.TLS, r"handshake fail|no shared cipher|protocol version|unsupported protocol"
                     r"|unknown authority|certificate (signed|verify)|no cipher"),
        (Effect.LIMITED, r"rate[ -]?limit|\b429\b|too many requests|quota exceeded|circuit.{0,12}open"
                         r"|breaker|load shed|queue (is )?full|rejected"),
        (Effect.SIZE, r"\b413\b|(payload|message|entity|body|request) (too|is too|size).{0,12}"
                      r"(large|big|exceed)|larger than max"),
        (Effect.DISK, r"no space left|disk (is )?full|ENOSPC|disk usage"),
        (Effect.BACKLOG, r"backlog|consumer lag|lag (rising|growing|above)|oldest ?message|"
                         r"queue (depth|length)|rebalanc|not acking|_lag\b"),
        (Effect.HANDLES, r"too many open files|EMFILE|file descriptor|goroutines? (count|leak|grow)"
                         r"|threads? (count|leak)|unable to create (new )?(native )?thread"),
        (Effect.STALE, r"stale|out of date|outdated"),
        (Effect.ARITHMETIC, r"division by zero|divide by zero|overflow|\bNaN\b|negative (amount|val)"
                            r"|mismatch|wrong (total|amount|price)|rounding"),
        (Effect.DUPLICATE, r"duplicate|unique constraint|idempoten|double[- ]?(charge|count|write)"),
    )
)  # fmt: skip
PROVIDER = re.compile(
    r"https?://(?P<url>[\w.-]+\.(?:com|io|net|org|dev|cloud|app|co))\b"
    r"|host=(?P<host>[\w.-]+\.(?:com|io|net|org|dev|cloud))\b"
    r"|\b(?P<sdk>(?:aws|gcp|azure)[ -](?:sdk|api)[ \w]*)", re.I,
)  # fmt: skip
_PROVIDER_FAULT = re.compile(r"\b5\d\d\b|unavailable|exceeded deadline|timed? ?out|SlowDown"
                             r"|InternalError|ServiceUnavailable|degraded|outage", re.I)  # fmt: skip


def effects_of_text(text: str) -> frozenset[Effect]:
    """Return the effects that a line of an error, an alert or a span speaks of."""
    return frozenset(effect for effect, pattern in _WORDS if pattern.search(text))


def provider_in_trouble(text: str) -> str:
    """Return the name of a system outside that a line reports as failing; empty if none."""
    found = list(PROVIDER.finditer(text))
    if not found or not _PROVIDER_FAULT.search(text):
        return ""
    # A host names it better than the library that calls it.
    best = next((m for m in found if not m["sdk"]), found[0])
    return next(g for g in best.groups() if g).strip()
