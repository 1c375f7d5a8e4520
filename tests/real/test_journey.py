"""From kubectl to a verified rollback: every server real, the person in a real browser."""

import json
import re
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from agents.faults.registry import FAULTS
from sre_workspace.bench.stack import start_stack
from tests.factories.browser import FLAGS, browser_path, signed_in_page
from tests.real.components import until
from tests.real.production import NAMESPACE, start_alertmanager

pytestmark = [
    pytest.mark.real,
    pytest.mark.xdist_group("real"),
    pytest.mark.e2e,
    pytest.mark.timeout(600),
]
CONSENSUS_SECONDS = 30
# Enough for a second look at what the first samples did not settle; a leak must climb first.
CASES = {
    "errors": ("orders", "bad_release", 180),
    "crash": ("inventory", "crash_loop", 180),
    "leak": ("recommendations", "memory_leak", 300),
}


@pytest.fixture(scope="module")
def connected(production):
    """A stack that is connected to the production, with Alertmanager posting to it."""
    browser_path()
    state = Path(tempfile.mkdtemp(prefix="sre-real-"))
    state.chmod(0o755)
    settings = {**production.settings(), "SRE_VERIFY_SETTLE_SECONDS": "20",
                "SRE_COOLDOWN_SECONDS": "1"}  # fmt: skip
    stack = start_stack(state, settings=settings)
    token = stack.manage("make_intake_token", "alertmanager").strip().splitlines()[-1]
    start_alertmanager(production, f"{stack.address}/api/alerts/alertmanager/", token)
    yield stack
    stack.stop()
    shutil.rmtree(state, ignore_errors=True)


@pytest.fixture
def page(connected):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        link = connected.manage("sign_in_link", "approver").strip().splitlines()[-1]
        yield signed_in_page(browser, link, connected.address)
        browser.close()


def test_every_connection_is_tested_on_its_page(connected, page) -> None:
    page.goto(f"{connected.address}/connections/")
    page.click("button:has-text('Test every connection')")
    page.wait_for_selector("text=It may change Deployments in prod.", timeout=30_000)
    page.wait_for_selector("text=13 workloads", timeout=30_000)
    # Waiting for a function polls with eval, which the page's own policy forbids.
    page.wait_for_selector("#connections[hx-trigger]", state="detached")
    told = page.locator("#connections").inner_text()
    assert "the meaning is known" in told
    assert "does not answer" not in told
    assert page.locator("text=alertmanager").count()
    assert page.problems == []


def test_only_the_remediate_worker_holds_the_identity_that_may_change(connected) -> None:
    holders = set()
    for process in connected.family()[1:]:
        text = " ".join(process.cmdline())
        part = next((p for p in ("daphne", "investigate@", "remediate@", "beat") if p in text), "")
        if part and "KUBERNETES_REMEDIATE_KUBECONFIG" in process.environ():
            holders.add(part)
    assert holders == {"remediate@"}


def rollout(production, name: str) -> tuple[int, str]:
    """Return the newest revision and the image of a Deployment."""
    found = json.loads(
        production.plane.kubectl("-n", NAMESPACE, "get", "deployment", name, "-o", "json")
    )
    image = found["spec"]["template"]["spec"]["containers"][0]["image"]
    return int(found["metadata"]["annotations"]["deployment.kubernetes.io/revision"]), image


def rooms(page, base: str) -> list[str]:
    """Return the addresses of the incidents on the first page."""
    page.goto(f"{base}/")
    links = page.locator("main a[href^='/i/']").evaluate_all("a => a.map(x => x.href)")
    return list(dict.fromkeys(found for found in links if re.search(r"/i/\d+/$", found)))


def wait_for_cause(page, base: str, claim: str, *, known: list[str], seconds: float) -> None:
    """Wait until an incident that was not known before makes the claim; stay on its page."""
    ends = time.monotonic() + seconds
    told = ""
    while time.monotonic() < ends:
        for link in rooms(page, base):
            if link not in known:
                page.goto(link)
                told = page.locator("#consensus").inner_text()
                if claim in told and "Inconclusive" not in told:
                    return
        time.sleep(1)
    board = page.locator("main").inner_text()
    raise AssertionError(
        f"nothing says {claim!r} within {seconds} s; the last says: {told}\n{page.url}\n{board}"
    )


@pytest.mark.capability(16, 74, 102)
@pytest.mark.parametrize("effect", list(CASES))
def test_a_bad_rollout_is_found_and_rolled_back(connected, production, page, effect) -> None:
    name, fault_class, patience = CASES[effect]
    revision, image = rollout(production, name)
    known = rooms(page, connected.address)
    production.roll_out(name, f"4.0.0-{effect}")
    claim = FAULTS[fault_class].claim.format(name=name)
    wait_for_cause(page, connected.address, claim, known=known, seconds=patience)
    page.wait_for_selector("#actions .btn-primary", timeout=30_000)
    assert f"rollout undo deployment/{name} --to-revision={revision}" in (
        page.locator("#actions").inner_text()
    )
    page.wait_for_selector("#actions .btn-primary:not([disabled])")
    clicked = time.monotonic()
    page.click("#actions .btn-primary")
    until(lambda: rollout(production, name)[1] == image, "the old image is back", pause=0.05)
    print(f"{effect}: approve to the server's change {time.monotonic() - clicked:.2f} s")
    page.wait_for_selector("#actions:has-text('succeeded')", timeout=200_000)
    page.wait_for_selector("#summary:has-text('Mitigated')", timeout=10_000)
    history = production.plane.kubectl("-n", NAMESPACE, "rollout", "history", f"deployment/{name}")
    newest = max(int(line.split()[0]) for line in history.splitlines() if line[:1].isdigit())
    assert newest == revision + 2
    assert rollout(production, name) == (newest, image)
    number = page.url.rstrip("/").rpartition("/")[2]
    told = connected.manage(
        "shell", "-v", "0", "-c",
        "from investigations.models import Diagnosis as D;"
        f"d=D.objects.filter(investigation__incident_id={number}, verdict='likely_cause')"
        ".order_by('-number')[0]; i=d.investigation;"
        "first=i.diagnoses.order_by('number')[0].reached_at - i.started_at;"
        "print(d.resource, d.fault_class, round(first.total_seconds(), 2))",
    )  # fmt: skip
    assert told.split()[:2] == [f"service/{name}", fault_class]
    print(f"{effect}: alert received to first consensus {told.split()[2]} s")
    page.goto(f"{connected.address}/i/{number}/log/")
    print(f"{effect}: {' '.join(page.locator('dl.kv').inner_text().split())}")
    assert page.problems == []
