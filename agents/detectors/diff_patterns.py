"""Forms of code that reviewers stop at: taken away, added or exchanged."""

import re
from dataclasses import dataclass

from agents.detectors.diff_effects import Effect as E


@dataclass(frozen=True, slots=True)
class Form:
    """A form of code.

    Attributes:
        slug: Its family.
        sentence: What its change does.
        pattern: Found in changed lines more often than on the other side.
        sure, possible: What follows.
        unless: Where the other side has this, it is another way to the same.
        is_slow: The effect may take hours to show.
    """

    slug: str
    sentence: str
    pattern: re.Pattern[str]
    sure: frozenset[E]
    possible: frozenset[E] = frozenset()
    unless: re.Pattern[str] | None = None
    is_slow: bool = False


def _form(
    slug: str, sentence: str, pattern: str, sure: tuple[E, ...], possible: tuple[E, ...] = (),
    unless: str = "", *, is_slow: bool = False, flags: re.RegexFlag = re.I,
) -> Form:  # fmt: skip
    return Form(slug, sentence, re.compile(pattern, flags), frozenset(sure), frozenset(possible),
                re.compile(unless, flags) if unless else None, is_slow)  # fmt: skip


_GUARD = (r"(==|!=|===|!==)\s*(nil|null|None|undefined)\b|\bis (not )?None\b|\bOptional\b|\?\."
          r"|Objects\.(nonNull|requireNonNull)|\.isPresent\(|\.isEmpty\(|hasattr\(|\?\?|\.is_some\("
          r"|if\s*\(?\s*!\s*[\w.]+\s*\)?\s*(\{|return)|if not [\w.]+\s*:"
          r"|\bif [\w.]+ else\b|\b(?P<g1>\w+) && (?P=g1)\.|\b(?P<g2>\w+) \? (?P=g2)\."
          r"|\b(?P<g3>\w+) and (?P=g3)\.")  # fmt: skip
_ERROR_GUARD = re.compile(r"\berr(or)?\s*(==|!=)\s*nil")
REMOVED: tuple[Form, ...] = (
    _form("lock", "takes away a lock", r"\bsync\.(RW)?Mutex|\.R?Lock\(\)|\.R?Unlock\(\)"
          r"|\bsynchronized\b|ReentrantLock|threading\.R?Lock|with [\w.]*lock\b|asyncio\.Lock"
          r"|\bmutex\b|Atomic(Integer|Long|Reference)|\batomic\.|ConcurrentHashMap|sync\.Map"
          r"|FOR UPDATE|singleflight|\.acquire\(\)", (E.RACE,), (E.ERRORS, E.CRASH, E.DUPLICATE)),
    _form("close", "no longer closes or cancels what it opens",
          r"\.(Close|close|Stop|stop|release|Release|dispose|shutdown|Rollback|clearInterval)\(\)"
          r"|ctx\.Done\(\)|AbortController|removeEventListener|defer cancel\(\)"
          r"|\bcancel\(\)|with open\(|try\s*\(|removeListener|unsubscribe|\.put_conn",
          (E.HANDLES, E.POOL, E.MEMORY, E.CONNECTIONS), (E.TIMEOUT, E.ERRORS, E.LATENCY),
          is_slow=True),
    _form("eviction", "no longer limits what it keeps",
          r"\b(evict|lru|maxsize|max_size|maxEntries|removeEldest|expireAfter|prune|trim|popleft"
          r"|cleanup)\w*|delete\([\w.]+,|\.remove\(|\bdel \w+\[", (E.MEMORY,), (E.CRASH, E.LATENCY),
          is_slow=True),
    _form("cache", "takes away a cache", r"cache[\w.]*\.(get|set|put|fetch|GetOrLoad|load)|@cached?\b"
          r"|lru_cache|\bnew\w*Cach\w*\(|withCache|memoiz|@Cacheable|Cache-Control", (E.CACHE, E.LOAD, E.QUERY),
          (E.LATENCY, E.CPU, E.TIMEOUT)),
    _form("backoff", "takes away a pause between attempts", r"back ?off|jitter|exponential"
          r"|time\.Sleep|sleep\(", (E.RETRY, E.LOAD), (E.LIMITED, E.CPU, E.ERRORS)),
    _form(
        "retry guard", "repeats what it did not repeat before",
        r"is_?retr(y|i)\w*\(|\bretryable\b|max_?(retries|attempts)\b(?=.*[<>=])",
        (E.RETRY, E.LOAD), (E.CPU, E.LIMITED, E.DUPLICATE, E.ERRORS),
    ),
    _form("breaker", "takes away a limit of load", r"breaker|rate_?limit|bulkhead|semaphore"
          r"|throttle|debounce|errgroup\.\w*SetLimit", (E.LOAD, E.RETRY),
          (E.CONNECTIONS, E.CPU, E.MEMORY, E.LATENCY)),
    _form("timeout", "takes away a time limit", r"WithTimeout|WithDeadline|setTimeout\(|timeout\s*[=:]"
          r"|\.timeout\(|AbortSignal", (E.LATENCY, E.POOL, E.HANDLES), (E.BACKLOG, E.TIMEOUT)),
    _form("index", "takes away an index", r"CREATE (UNIQUE )?INDEX|db_index\s*=\s*True|add_index"
          r"|@Index\b", (E.QUERY,), (E.LATENCY, E.CPU, E.LOAD, E.TIMEOUT)),
    _form("batch", "no longer reads in one go", r"select_related|prefetch_related|JOIN FETCH|\bJOIN\b"
          r"|Preload\(|joinedload|include:|dataloader|\bIN \(|= ANY\(|bulk\w*|batch\w*\(|findAllBy"
          r"|\.includes\(|eager_load"
          r"|GetMany|mget|\w+_(many|all|bulk)\(|\w+(Many|All|Bulk|Batch)\(",
          (E.QUERY, E.LOAD), (E.LATENCY, E.TIMEOUT, E.POOL, E.CPU, E.RETRY)),
    _form("narrowing", "reads more than before", r"\bLIMIT\b|\bWHERE\b|\.limit\(|\.filter\(|\.where\("
          r"|page_?size|\bAND\b .*=", (E.QUERY, E.MEMORY, E.LOAD), (E.LATENCY, E.CPU, E.TIMEOUT)),
    _form("transaction", "takes away a transaction", r"BEGIN|COMMIT|transaction|@Transactional"
          r"|atomic\(\)|idempoten", (E.DUPLICATE, E.RACE), (E.ERRORS,)),
    _form("parallel", "waits for one after the other", r"Promise\.all(Settled)?\(|asyncio\.gather\("
          r"|CompletableFuture\.allOf|parallelStream\(|invokeAll\(|errgroup\.|WaitGroup",
          (E.LATENCY, E.TIMEOUT), (E.POOL, E.BACKLOG)),
    _form("check", "takes away a check for a missing value", _GUARD, (E.NULL,),
          (E.ERRORS, E.CRASH)),
    _form("bounds", "takes away a check of a length", r"\b(len|length|size|count)\b\(?[\w.]*\)?\s*"
          r"(==|<|>|<=|>=|!=)|\.(length|size\(\))\s*(===?|<|>|!==?)|in (self\.)?\w+:|\bok\b.*:?=",
          (E.BOUNDS, E.NULL), (E.ERRORS, E.CRASH)),
    _form("error handling", "takes away the handling of errors", r"\bexcept\b|\bcatch\b|\.catch\("
          r"|\berr(or)?\s*!=\s*nil|recover\(\)|rescue\b|fallback|onError|orElse", (E.ERRORS,),
          (E.NULL, E.CRASH)),
    _form("default", "takes away a default value", r"getOrDefault|\.get\([^)]+,|os\.getenv\([^)]+,"
          r"|\|\|\s*['\"\d]|\bdefault(Value)?\s*[:=]|withDefault|setdefault", (E.CONFIG, E.NULL),
          (E.ERRORS, E.CRASH, E.MISSING)),
    _form("acknowledgement", "no longer says that work is done", r"\back\(|\.Ack\(|commit(Sync|Async"
          r"|_offset|Message)|basic_ack|DeleteMessage", (E.BACKLOG, E.DUPLICATE), (E.MEMORY,)),
    _form("validation", "takes away a check of what comes in", r"\bvalidat\w+|sanitiz|verify\w*\("
          r"|assert\w*\(", (E.ERRORS, E.CONTRACT), (E.ARITHMETIC, E.NULL)),
)  # fmt: skip
ADDED: tuple[Form, ...] = (
    _form("wait", "waits in the way of requests", r"time\.Sleep\(|Thread\.sleep\(|\btime\.sleep\("
          r"|asyncio\.run\(|\.Wait\(\)|\.join\(\)|\.get\(\)\s*;|\.Result\b|Sync\(|block\(\)|pg_sleep",
          (E.LATENCY, E.TIMEOUT), (E.POOL, E.CPU, E.BACKLOG)),
    _form("lock", "takes a lock", r"\.Lock\(\)|\bsynchronized\b|threading\.R?Lock|FOR UPDATE"
          r"|LOCK TABLE|with [\w.]*lock\b|select_for_update|SERIALIZABLE"
          r"|advisory_lock", (E.LOCK,), (E.LATENCY, E.TIMEOUT, E.QUERY, E.POOL, E.BACKLOG)),
    _form("schema lock", "changes a table in use", r"ALTER TABLE|ADD COLUMN .*NOT NULL|VACUUM FULL"
          r"|CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)|REINDEX|ADD CONSTRAINT|TRUNCATE"
          r"|^\s*UPDATE \w+ SET", (E.LOCK, E.QUERY), (E.LATENCY, E.TIMEOUT, E.POOL, E.ERRORS)),
    _form("schema drop", "takes a part of the schema away", r"DROP (COLUMN|TABLE|INDEX|VIEW)"
          r"|RENAME (COLUMN|TO)|removeColumn|remove_?index|drop_?index|ALTER COLUMN"
          r"|renameColumn|drop(Column|Table)|modifyDataType|(Remove|Rename|Alter)Field|DeleteModel",
          (E.CONTRACT, E.MISSING, E.QUERY), (E.ERRORS, E.LATENCY, E.CPU)),
    _form("every column", "reads every column or row", r"SELECT \*|\.all\(\)|findAll\(|readAll\("
          r"|fetchall|ReadAll\(|LIKE '%|ILIKE|OFFSET ", (E.QUERY, E.MEMORY),
          (E.LATENCY, E.LOAD, E.CPU), unless=r"SELECT \*|\.all\(\)|findAll\(|ReadAll\("),
    _form("unending retry", "repeats without an end", r"while\s*\(?\s*(true|True|1)\b.*retry"
          r"|for\s*\{.*retry|retry_?forever|max_?(retries|attempts)\s*[:=]\s*(-1|0x7f|math\.Max)"
          r"|\bretry\(|\.retry\(|retryOn|@Retry|WithRetry", (E.RETRY, E.LOAD), (E.CPU, E.LIMITED)),
    _form(
        "unending loop", "loops without an end", r"^for\s*\{|\bwhile\s*\(?\s*(true|1)\b",
        (E.RETRY, E.CPU), (E.LOAD, E.LATENCY),
    ),
    _form("debug", "logs far more", r"level\s*[:=]+\s*[\"']?(debug|trace)|setLevel\([\w.]*DEBUG"
          r"|DebugLevel|LOG_LEVEL.*(debug|trace)|dump\w*\(|DumpRequest|verbose\s*[:=]\s*true",
          (E.DISK, E.CPU), (E.LATENCY,), is_slow=True),
    _form("heavy work", "does heavy work for each request", r"bcrypt|pbkdf2|scrypt|argon2|sha512"
          r"|re\.compile\(|regexp\.MustCompile\(|new RegExp|deepcopy|JSON\.parse\(JSON\.stringify"
          r"|gzip\.|zlib|BestCompression|\([^()]*[+*]\)[+*]|\.\+\)\+|readFileSync|execSync|reflect\.",
          (E.CPU, E.LATENCY), (E.TIMEOUT,)),
    _form("unbounded start", "starts work without a bound", r"\bgo func\(|go \w+(\.\w+)*\("
          r"|new Thread\(|newCachedThreadPool|create_task\(|setInterval\(|addListener|Promise\.all\("
          r"|\.on\(['\"]", (E.HANDLES, E.MEMORY), (E.CPU, E.LOAD, E.CONNECTIONS), is_slow=True),
    _form("no connection reuse", "opens a connection for each use", r"sql\.Open\(|DisableKeepAlives"
          r"|DriverManager\.getConnection|psycopg2\.connect\(|new (Mongo|Redis|Http)?Client\("
          r"|http\.Client\{|requests\.Session\(\)|grpc\.Dial|createConnection\(",
          (E.CONNECTIONS, E.HANDLES, E.POOL), (E.LATENCY, E.ERRORS),
          unless=r"http\.Client\{|sql\.Open\(|new \w*Client\(|grpc\.Dial|createConnection\("),
    _form("dereference", "takes a value for granted", r"^var \w+ map\[|\.unwrap\(\)|\.get\(\)\.|!!\.|\w!\."
          r"|\[0\]\.|\.first\(\)\.", (E.NULL, E.BOUNDS), (E.ERRORS, E.CRASH)),
    _form("access", "changes who may come in", r"issuer|audience|InsecureSkipVerify|algorithms?\s*[=:]"
          r"|jwks|require_?auth|RequireRole|hasRole|deny\b|signing_?key", (E.AUTH,),
          (E.ERRORS,)),
    _form("handshake", "changes what a handshake allows", r"MinVersion|MaxVersion|ssl_protocols"
          r"|RootCAs|ClientAuth|verify_mode|mtls|TLSv1", (E.TLS,), (E.ERRORS, E.CONNECT)),
    _form("failure", "raises or ends where it went on", r"^\s*(raise|throw|panic\(|os\.Exit|log\.Fatal"
          r"|sys\.exit|System\.exit|process\.exit)", (E.CRASH, E.ERRORS)),
)  # fmt: skip
# Both sides have it, and what stands there differs.
ADDRESS = re.compile(r"(https?|amqp|redis|postgres(ql)?|mysql|mongodb|kafka|grpc)://[^\s\"']+"
                     r"|\b[\w-]+(\.[\w-]+)+:\d{2,5}\b|(host|addr|endpoint|url|port|broker)\w*"
                     r"[\"']?\s*[:=]+\s*[\"']?(?P<value>[\w./:-]+)", re.I)  # fmt: skip
SWITCH = re.compile(r"\b(true|false|on|off|enabled|disabled|True|False)\b")
GROWING = re.compile(r"(?P<into>[\w.]+)\s*=\s*append\(\s*(?P=into)|(?P<list>[\w.]+)\.(append|push|add|"
                     r"put|set|offer|extend|addAll)\(|(?P<map>[\w.]+)\[[^\]]*\w[^\]]*\]\s*=[^=]")  # fmt: skip
LONG_LIVED = re.compile(
    r"^(?:export\s+)?(?:var|const|let)\s+(?P<a>\w+)\s*(?:=|:|\[|map)"
    r"|\bstatic\b[^=;(]*?\b(?P<b>\w+)\s*(?:=|;)|^(?P<c>_?[A-Za-z]\w*)\s*(?::[^=]+)?=\s*"
    r"(?:\[\]|\{\}|list\(|dict\(|set\(|defaultdict|deque\(\))|\bself\.(?P<d>\w+)\s*=\s*(?:\[\]|\{\}|set"
    r"\(|dict\(|list\()|\bprivate (?:final )?\w*(?:List|Map|Set)\b[^=]*?\b(?P<e>\w+)\s*=",
)
BOUND = re.compile(r"lru|evict|maxsize|max_size|maxlen|bounded|expireAfter|ttl|cap\b|limit|delete\("
                   r"|\.pop|popleft|\.remove|\.shift\(|\.clear|removeEldest|Weak|\[-?\w+:\]"
                   r"|ring", re.I)  # fmt: skip
LOOP = re.compile(r"^\s*(for|while)\b|\.(forEach|map|each|flatMap)\(|\bfor \w+ in\b", re.I)
QUERY = re.compile(r"\.(Query\w*|Exec\w*|execute|fetchone|objects\.get|findBy\w*|findOne|findById|"
                   r"find_by|get_by_id|GetBy\w*|Fetch\w*|Load\w*|Find\w*|select|First|Get\w*|call|"
                   r"request|post)\(|\b(load|get|fetch|find|query|read|lookup)(_\w+|[A-Z]\w*)?\(|SELECT .* FROM"
                   r"|\bfetch\(|requests\.(get|post)|axios"
                   r"|\.\w+\(\s*(ctx|context)\b|\bawait\b", re.I)  # fmt: skip
NAME = re.compile(r"^- name:\s*([\w.-]+)|[\"'`]([A-Za-z_][\w.\-:/]{1,60})[\"'`,]|`?json:\"(\w+)|\b(?:optional|required|"
                  r"repeated|string|int32|int64|bytes|double)\s+(\w+)\s*=\s*\d+")  # fmt: skip
CALL = re.compile(r"(?<![\w.])((?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*)\s*(?:\[[\w.]+\])?\(")
HARMLESS_CALL = re.compile(r"log|print|metric|counter|histogram|observe|span|trace|inc$|debug|info|"
                           r"warn|t\.run|assert|expect|\.?dur$|\.?str$|\.msg$|since$|now$", re.I)  # fmt: skip
KEYWORDS = frozenset({
    "and", "append", "async", "await", "byte", "case", "catch", "def", "elif", "error", "float32",
    "float64", "for", "func", "function", "if", "import", "in", "int", "int32", "int64", "len",
    "make", "new", "not", "or", "print", "range", "return", "select", "string", "super", "switch",
    "type", "uint16", "var", "while", "with",
})  # fmt: skip
ERROR_GUARD = _ERROR_GUARD
# What people see, and nothing looks up.
SHOWN = re.compile(r"className|class=|<\w+|label|image:"
                   r"|[\"']?(title|description|summary|comment|display_?name)[\"']?\s*[:=]", re.I)  # fmt: skip
# A slash of a path, a star of a schedule: no sum.
PATH = re.compile(r"[\"'\s:=]/\w[\w.-]*/|\* \*|://")
# A repeated group that repeats itself: some texts take as many steps as two to their length.
BACKTRACKS = re.compile(r"\([^()]*[+*]\)[+*]|\.\+\)\+")
MAJOR_IN_PATH = re.compile(r"/v\d+$")
VERSION = re.compile(r"(?P<name>[\w@./:-]{2,})[\"']?\s*(?:[=~^<>:]+|\s|@)\s*[\"'^~v=]*"
                     r"(?P<version>\d+(?:\.\d+)+)")  # fmt: skip
DEFINED = re.compile(r"\b(?:func(?: \([^)]*\))?|def|function|fn|const)\s+(\w+)")
CONDITION = re.compile(r"\bif\b|\belse\b|\bunless\b|\bcase\b|\s\?\s|&&|\|\||\band\b|\bor\b")
EACH = re.compile(r"\bfor \w+(, *\w+)? in\b.*[\])]|\.(map|forEach|flatMap)\(")
# Fewer lines than these taken away are no function of their own.
LEAST_MOVED = 3
IDENTIFIER = re.compile(r"[A-Za-z_]\w*|\d+")
UNIT = re.compile(r"\b(nano|micro|milli)?seconds?\b|\bminutes?\b|\bhours?\b", re.I)
FIELD = re.compile(r"^(?:optional |required |repeated )?\w[\w.<>, ]* \w+ = \d+;")
COMPARED = re.compile(r"(?<![-=<>])(<=|>=|<|>|==|!=)(?!\w*>)")
SUM = re.compile(r"\s(//|[-+*/%])\s|(?<=\w)[*/](?=\w)|\b(?:round|floor|ceil)\b", re.I)
IMAGE = re.compile(r"^-?\s*image:")
LOCKS = re.compile(r"\.R?Lock\(\)|\bsynchronized\b|\block\.acquire\(")
