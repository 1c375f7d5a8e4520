"""What a diff does: families in several languages, and what is no source of trouble."""

import pytest

from agents.detectors.diff_effects import Effect, effects_of_text, provider_in_trouble
from agents.detectors.diff_matching import MATCHED, match, rarity
from agents.detectors.diff_readings import Risk, review
from agents.detectors.diff_values import quantities
from agents.detectors.diffs import parse_diff

pytestmark = pytest.mark.unit


def diff(file: str, body: str) -> str:
    return f"--- a/{file}\n+++ b/{file}\n@@ -1,9 +1,9 @@\n{body}"


@pytest.mark.parametrize(
    ("line", "value", "kind"),
    [
        ("d := 5*time.Second", 5.0, "seconds"),
        ("Duration.ofMillis(250)", 0.25, "seconds"),
        ("await(3, TimeUnit.MINUTES)", 180.0, "seconds"),
        ("timedelta(hours=2)", 7200.0, "seconds"),
        ("ttl: 15m", 900.0, "seconds"),
        ("wait: PT30S", 30.0, "seconds"),
        ("memory: 512Mi", 512 * 1024.0**2, "bytes"),
        ("setTimeout(run, 5 * 1000)", 5000.0, ""),
        ("attempts = 4", 4.0, ""),
    ],
)
def test_numbers_have_units(line: str, value: float, kind: str) -> None:
    (found,) = quantities(line)
    assert (found.value, found.kind) == (pytest.approx(value), kind)


RISKY = [
    ("cpu", "yaml", ' limits:\n-  cpu: "2"\n+  cpu: 100m\n'),
    ("memory", "env", "-JAVA_OPTS=-Xmx1024m\n+JAVA_OPTS=-Xmx128m\n"),
    ("workers", "yaml", "-replicaCount: 6\n+replicaCount: 1\n"),
    ("limit", "conf", "-client_max_body_size 20m;\n+client_max_body_size 64k;\n"),
    ("ttl", "py", "-    r.setex(key, 3600, value)\n+    r.setex(key, 3, value)\n"),
    ("work", "py", "-ROUNDS = 10\n+ROUNDS = 40\n"),
    ("tls version", "yaml", "-  min: TLS1.2\n+  min: TLS1.3\n"),
    ("verification", "go", "-\tInsecureSkipVerify: true,\n+\tInsecureSkipVerify: false,\n"),
    ("trust", "yaml", "-  file: /etc/ssl/corp-ca.pem\n+  file: /etc/ssl/certs/ca.pem\n"),
    ("rename", "yaml", "-  topic: orders.v1\n+  topic: orders.v2\n"),
    ("rename", "yaml", "-  audience: shop-api\n+  audience: shop-api-v2\n"),
    ("address", "tf", '-  records = ["10.0.3.7"]\n+  records = ["10.0.9.7"]\n'),
    ("permission", "yaml", '-  verbs: ["get", "list"]\n+  verbs: ["get"]\n'),
    ("permission", "tf", '-  "Action": ["s3:GetObject", "s3:PutObject"]\n+  "Action": ["s3:GetObject"]\n'),
    ("callers", "yaml", "-    - podSelector: {app: web}\n+    - podSelector: {app: admin}\n"),
    ("setting gone", "env", "-STRIPE_WEBHOOK_SECRET=abc\n"),
    ("schedule", "yaml", '-  schedule: "0 3 * * *"\n+  schedule: "* * * * *"\n'),
    ("parallel", "ts", "-  const [a, b] = await Promise.all([f(), g()]);\n+  const a = await f();\n"
                       "+  const b = await g();\n"),
    ("heavy work added", "js", "-const NAME = /^[a-z]+$/;\n+const NAME = /^([a-z]+)+$/;\n"),
    ("schema drop added", "py", '+        migrations.RemoveIndex(model_name="order", name="by_day"),\n'),
    ("time limit", "go", "-\tc.Timeout = 4 * time.Second\n+\tc.Timeout = 200 * time.Millisecond\n"),
    ("time limit", "java", "-  .readTimeout(Duration.ofSeconds(10))\n+  .readTimeout(Duration.ofMillis(400))\n"),
    ("ttl", "py", "-    cache_ttl = timedelta(hours=1)\n+    cache_ttl = timedelta(seconds=5)\n"),
    ("retries", "yaml", "-  maxRetries: 2\n+  maxRetries: 10\n"),
    ("pause", "js", "-const pollInterval = 60000;\n+const pollInterval = 500;\n"),
    ("pool", "java", "-  config.setMaximumPoolSize(40);\n+  config.setMaximumPoolSize(4);\n"),
    ("pool", "go", "-\tdb.SetMaxOpenConns(50)\n+\tdb.SetMaxOpenConns(5)\n"),
    ("memory", "yaml", " limits:\n-  memory: 1Gi\n+  memory: 128Mi\n"),
    ("workers", "py", "-    workers = 8\n+    workers = 1\n"),
    ("lock", "py", "-        with self._lock:\n-            self.total += n\n+        self.total += n\n"),
    ("lock", "java", "-  public synchronized void add(int n) {\n+  public void add(int n) {\n"),
    ("check", "js", "-  return user ? user.name : '';\n+  return user.name;\n"),
    ("check", "py", "-    if order.coupon is not None:\n-        total -= order.coupon.value\n"
                    "+    total -= order.coupon.value\n"),
    ("check", "java", "-    if (address != null) { send(address.city()); }\n+    send(address.city());\n"),
    ("close", "go", "-\tdefer rows.Close()\n"),
    ("cache", "py", "-@lru_cache(maxsize=500)\n def rate(code):\n"),
    ("backoff", "py", "-            time.sleep(2 ** attempt)\n"),
    ("index", "sql", "-CREATE INDEX orders_by_user ON orders (user_id);\n"),
    ("schema drop added", "sql", "+ALTER TABLE orders DROP COLUMN note;\n"),
    ("schema lock added", "sql", "+CREATE INDEX orders_by_day ON orders (day);\n"),
    ("narrowing", "sql", "-SELECT id FROM t WHERE a = $1 LIMIT 50\n+SELECT id FROM t WHERE a = $1\n"),
    ("query in a loop", "go", " \tfor _, id := range ids {\n+\t\trow, err := s.db.QueryRow(ctx, one, id)\n \t}\n"),
    ("query in a loop", "js", "+  const rows = ids.map(id => fetchUser(id));\n"),
    ("growth", "py", " SEEN = []\n def handle(event):\n+    SEEN.append(event)\n"),
    ("growth", "js", "+const seen = new Map();\n+  seen.set(req.id, req);\n"),
    ("growth", "java", " private static final List<Event> LOG = new ArrayList<>();\n+    LOG.add(event);\n"),
    ("call", "js", " app.use(json());\n-app.use(authRoutes());\n app.listen(port);\n"),
    ("call", "py", "-    registry.register(OrderHandler())\n"),
    ("rename", "py", '-    payload["order_id"] = order.id\n+    payload["orderId"] = order.id\n'),
    ("rename", "java", '-  @JsonProperty("total")\n+  @JsonProperty("totalAmount")\n'),
    ("address", "yaml", "-  url: http://stock.shop.svc:8080\n+  url: http://stock-v2.shop.svc:8080\n"),
    ("wait added", "java", "+    Thread.sleep(2000);\n"),
    ("lock added", "sql", "+SELECT id FROM stock WHERE item = $1 FOR UPDATE;\n"),
    ("error handling", "py", "-    try:\n-        send(m)\n-    except MailError:\n-        pass\n+    send(m)\n"),
    ("retry guard", "go", "-\tif !isRetryable(err) {\n-\t\treturn err\n-\t}\n"),
    ("rename", "proto", "-  string buyer = 3;\n+  int64 buyer = 3;\n"),
    ("comparison", "java", "-  while (i < rows.size()) {\n+  while (i <= rows.size()) {\n"),
    ("wait added", "go", "-\tgo s.audit.Write(e)\n+\ts.audit.Write(e)\n"),
    ("unbounded start added", "go", "+\tgo func() { report(order) }()\n"),
    ("debug added", "yaml", "-  level: info\n+  level: debug\n"),
]  # fmt: skip


@pytest.mark.parametrize(("family", "language", "body"), RISKY)
def test_families_are_known_in_every_language(family: str, language: str, body: str) -> None:
    found = review(diff(f"src/thing.{language}", body))
    assert family in {r.family for r in found.readings}, (found.sentence, found.readings)
    assert found.risk is Risk.RISKY


CALM = [
    ("src/cart.go", "-// Adds an item.\n+// Adds an item to the cart.\n"),
    ("docs/guide.md", "-timeout: 5s\n+timeout: 1ms\n"),
    ("cart/cart_test.go", "-\tretries := 1\n+\tretries := 100\n"),
    ("web/main.css", "-.a { width: 10px }\n+.a { width: 1px }\n"),
    ("src/cart.py", "-def total(a,b):\n+def total(a, b):\n"),
    ("go.mod", "-\texample.org/lib v1.4.1\n+\texample.org/lib v1.4.2\n"),
    ("requirements.txt", "-client==4.1.0\n+client==4.1.3\n"),
    ("src/cart.js", "+  log.info('added', { size });\n"),
    ("db/7.sql", "+CREATE INDEX CONCURRENTLY IF NOT EXISTS by_day ON orders (day);\n"),
    ("src/cart.py", "-    a = load()\n-    b = check(a)\n+    b = check(a)\n+    a = load()\n"),
    ("src/cart.go", "-\tshow(order)\n@@ -40,2 +40,3 @@\n+\tshow(order)\n"),
]


@pytest.mark.parametrize(("file", "body"), CALM)
def test_what_cannot_do_harm_is_harmless(file: str, body: str) -> None:
    assert review(diff(file, body)).risk is Risk.HARMLESS


def test_locks_in_another_order_are_no_mere_move() -> None:
    found = review(diff("a.go", "-\ta.mu.Lock()\n \tb.mu.Lock()\n+\ta.mu.Lock()\n"))
    assert Effect.LOCK in found.readings[0].sure
    assert review(diff("a_test.go", "-\ta.mu.Lock()\n b()\n+\ta.mu.Lock()\n")).readings == ()


def test_an_extracted_function_only_reorders() -> None:
    body = ("-\tp := Params{}\n-\tp.Amount = in.Amount\n-\tp.Note = in.Note\n+\tp := paramsOf(in)\n"
            " \tsend(p)\n+func paramsOf(in In) Params {\n+\tp := Params{}\n+\tp.Amount = in.Amount\n"
            "+\tp.Note = in.Note\n+\treturn p\n+}\n")  # fmt: skip
    assert review(diff("pay.go", body)).risk <= Risk.REORDERS


def test_a_small_step_is_no_surety() -> None:
    small = review(diff("c.yaml", "-  max_retries: 3\n+  max_retries: 4\n"))
    assert small.risk is Risk.UNCLEAR
    assert small.readings[0].sentence == "raises the number of attempts from 3 to 4"


def test_a_sentence_says_from_what_to_what() -> None:
    found = review(diff("a.go", "-\tctx, c := context.WithTimeout(ctx, 5*time.Second)\n"
                                "+\tctx, c := context.WithTimeout(ctx, 300*time.Millisecond)\n"))  # fmt: skip
    assert found.sentence == "shortens a time limit from 5 s to 300 ms"
    assert Effect.TIMEOUT in found.readings[0].sure


def test_bounded_collections_do_not_grow() -> None:
    body = "+SEEN = deque(maxlen=100)\n+    SEEN.append(event)\n"
    assert "growth" not in {r.family for r in review(diff("a.py", body)).readings}


def test_an_empty_diff_says_nothing() -> None:
    assert review("").risk is Risk.UNCLEAR
    assert review("").sentence == ""


def test_a_header_may_name_its_file() -> None:
    (hunk,) = parse_diff("@@ src/limits.go: func (l *Limits) Take() {\n-\tl.mu.Lock()\n")
    assert (hunk.file, hunk.removed) == ("src/limits.go", ("l.mu.Lock()",))


def test_a_pod_templates_difference_is_read() -> None:
    template = """--- before
+++ after
@@ -8,9 +8,9 @@
         env:
         - name: DB_POOL_SIZE
-          value: '40'
+          value: '2'
         image: registry.example/shop:1.4
@@ -30,4 +30,4 @@
           limits:
-            memory: 1Gi
+            memory: 64Mi
"""
    found = {r.family: r.sentence for r in review(template).readings}
    assert found["pool"] == "lowers a pool from 40 to 2"
    assert found["memory"] == "lowers a memory limit from 1 GiB to 64 MiB"


def test_a_change_matches_by_its_effect_and_by_names() -> None:
    guilty = review(
        diff("limits.go", "-\tl.mu.Lock()\n-\tdefer l.mu.Unlock()\n \tl.takenByClient[id]++\n")
    )
    tidy = review(diff("view.go", "-\tshow(a, order)\n+\tdisplay(order)\n"))
    known = rarity([guilty, tidy])
    seen = ("fatal error: concurrent map writes at limits.go:21",)
    assert match(guilty, effects_of_text(seen[0]), seen, known).fit >= MATCHED
    assert match(tidy, effects_of_text(seen[0]), seen, known).fit < MATCHED
    assert "limits.go" in match(guilty, frozenset(), seen, known).shared


def test_other_effects_do_not_match() -> None:
    retries = review(diff("c.yaml", "-  maxRetries: 2\n+  maxRetries: 10\n"))
    text = "x509: certificate has expired"
    assert match(retries, effects_of_text(text), (text,), rarity([retries])).fit < MATCHED


def test_a_provider_is_outside() -> None:
    assert (
        provider_in_trouble("POST https://api.mailer.com/v1/send returned 503") == "api.mailer.com"
    )
    assert provider_in_trouble("GET http://stock.shop.svc:8080/items returned 503") == ""
    assert provider_in_trouble("GET https://api.mailer.com/v1 returned 200") == ""
    said = "aws sdk s3 GetObject failed: InternalError (500) host=media.s3.amazonaws.com"
    assert provider_in_trouble(said) == "media.s3.amazonaws.com", "the host, not the library"


@pytest.mark.parametrize(
    ("file", "body"),
    [
        ("go.mod", "-\tgithub.com/redis/go-redis/v8 v8.11.5\n+\tgithub.com/redis/go-redis/v9 v9.0.2\n"),
        ("Dockerfile", "-FROM eclipse-temurin:11-jre\n+FROM eclipse-temurin:21-jre\n"),
    ],
)  # fmt: skip
def test_a_major_version_may_break_what_is_built_on_it(file: str, body: str) -> None:
    (reading,) = review(diff(file, body)).readings
    assert reading.family == "dependency"
    assert Effect.CONTRACT in reading.possible
    assert not reading.sure


def test_paths_schedules_and_titles_are_no_sums_or_names() -> None:
    for body in ("-  file: /var/a/b.txt\n+  file: /var/c/d.txt\n",
                 '-  "title": "Old",\n+  "title": "New",\n'):  # fmt: skip
        assert not [r for r in review(diff("x.json", body)).readings if r.sure]
