"""Gateways that lead elsewhere: in every form a route is declared, and by how requests are answered."""

import json
import re
from pathlib import Path

import pytest
import yaml

from agents.specialists.cluster_routes import meant_by_path
from agents.specialists.route_texts import pairs_of_object, routes_in
from sre_workspace.evaluation.running import CaseResult, run_case
from telemetry.types import ClusterObject
from tests.agents.captured_shop import write_captured
from tests.agents.clusters import Shop

pytestmark = pytest.mark.unit
INGRESS = {"spec": {"rules": [{"host": "shop.test", "http": {"paths": [
    {"path": "/api/orders", "pathType": "Prefix",
     "backend": {"service": {"name": "stock-db", "port": {"name": "http"}}}},
    {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web"}}},
]}}]}}  # fmt: skip
MESH = {"spec": {"hosts": ["shop.test"], "http": [
    {"match": [{"uri": {"prefix": "/orders"}}],
     "route": [{"destination": {"host": "stock-db.shop.svc.cluster.local"}}]},
]}}  # fmt: skip
GATEWAY_API = {"spec": {"rules": [
    {"matches": [{"path": {"type": "PathPrefix", "value": "/orders"}}],
     "backendRefs": [{"name": "stock-db", "port": 3306}]},
]}}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "body", "pairs"),
    [
        ("Ingress", INGRESS, {("/api/orders", "stock-db"), ("/", "web")}),
        ("VirtualService", MESH, {("/orders", "stock-db.shop.svc.cluster.local")}),
        ("HTTPRoute", GATEWAY_API, {("/orders", "stock-db")}),
    ],
)  # fmt: skip
def test_objects_tell_their_paths_and_targets(
    kind: str, body: object, pairs: set[tuple[str, str]]
) -> None:
    item = ClusterObject(kind, "front", "shop", yaml.safe_dump(body))
    assert set(pairs_of_object(item)) == pairs


def test_a_web_servers_locations_are_routes() -> None:
    text = "location /api/orders/ {\n proxy_set_header a b;\n proxy_pass http://stock-db:80;\n}"
    assert list(routes_in(text)) == [("/api/orders/", "stock-db")]


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/api/v1/orders/**", ["orders"]),
        ("/orderservice/x", ["orders"]),
        ("/api/stock-db", ["stock-db"]),
        ("/adminorders", []),
        ("/api/v1", []),
    ],
)
def test_a_path_means_what_a_whole_segment_spells(path: str, meant: list[str]) -> None:
    assert meant_by_path(path, {"orders", "stock-db", "web", "api"}) == meant


def _front(text: str) -> str:
    """Call the front a gateway, in columns too."""
    return re.sub(r"\bweb(-1)?\b( {8})?", r"web-gateway\1", text)


def answered(folder: Path, cache: dict[str, object], change: Shop | None = None) -> CaseResult:
    """Investigate the shop, its front called a gateway, with more captured answers."""
    shop = change or Shop()
    path = write_captured(shop, folder)
    case = json.loads(path.read_text())
    named = {_front(k): _front(v) if isinstance(v, str) else v
             for k, v in case["tool_cache"].items()}  # fmt: skip
    case["tool_cache"] = named | cache
    path.write_text(json.dumps(case))
    return run_case(path)


def alerts(status: str) -> dict[str, object]:
    row = {"request_method": "POST", "entry_service": "orders", "url": "/api/orders",
           "occurrences": 9, "raw_error": f"HTTPError('{status} Error')"}  # fmt: skip
    return {"GetAlerts:{}": {"alerts": [row]}}


def test_not_found_from_a_service_that_is_well_accuses_the_gateway(tmp_path: Path) -> None:
    first = answered(tmp_path, alerts("404")).causes[0]
    assert (first.resource, first.fault_class) == ("service/web-gateway", "gateway_route")


@pytest.mark.parametrize("status", ["500", "503"])
def test_other_failures_accuse_no_gateway(tmp_path: Path, status: str) -> None:
    assert not answered(tmp_path, alerts(status)).causes


def test_not_found_is_no_wonder_where_the_service_is_not_ready(tmp_path: Path) -> None:
    shop = Shop()
    shop.breaks("orders", phase="CrashLoopBackOff", reason="CrashLoopBackOff", restarts=4)
    causes = answered(tmp_path, alerts("404"), shop).causes
    assert "gateway_route" not in {c.fault_class for c in causes}


def test_an_ingress_is_read_from_its_description(tmp_path: Path) -> None:
    described = ("Name:             front\nRules:\n  Host        Path  Backends\n"
                 "  ----        ----  --------\n  shop.test   \n"
                 "              /api/orders   stock-db:80 (10.0.0.1:80)\nAnnotations:  <none>\n")  # fmt: skip
    key = 'DescribeResource:{"resource_type": "ingresses", "name": "front", "namespace": "shop"}'
    first = answered(tmp_path, {key: described}).causes[0]
    assert (first.resource, first.fault_class) == ("service/web-gateway", "gateway_route")


def test_a_gateway_that_looks_for_nobody_is_misrouted(tmp_path: Path) -> None:
    shop = Shop()
    shop.log("web", "WARN RoundRobinLoadBalancer: No servers available for service: order-svc")
    first = answered(tmp_path, {}, shop).causes[0]
    assert (first.resource, first.fault_class) == ("service/web-gateway", "gateway_route")
