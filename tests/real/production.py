"""A small production on real servers: the attached lab, Prometheus, Alertmanager."""

import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml

from tests.real.components import ControlPlane, Process, answers, free_port, program, until

SCRAPE_SECONDS = 2
JOB = "lab"
NAMESPACE = "prod"
RULES = {
    "groups": [{
        "name": "services",
        "rules": [
            {
                "alert": "HighErrorRatio",
                "expr": 'sum by (service) (rate(http_requests_total{code=~"5.."}[10s])) '
                        "/ sum by (service) (rate(http_requests_total[10s])) > 0.05",
                "for": "4s",
                "labels": {"severity": "critical"},
                "annotations": {
                    "summary": "{{ $labels.service }} fails {{ $value | humanizePercentage }} of "
                               "its requests",
                    "value": "{{ $value }}",
                },
            },
            {
                "alert": "PodsCrashing",
                "expr": "sum by (container) (increase("
                        "kube_pod_container_status_restarts_total[1m])) >= 2",
                "labels": {"severity": "critical"},
                "annotations": {"summary": "Pods of {{ $labels.container }} restart"},
            },
        ],
    }],
}  # fmt: skip


@dataclass
class Production:
    """What runs, and where."""

    plane: ControlPlane
    folder: Path
    lab: Process
    prometheus: Process
    prometheus_url: str
    metrics_port: int
    alertmanager: Process | None = None

    def roll_out(self, name: str, tag: str) -> None:
        """Roll out an image with kubectl, as a person would."""
        image = f"{name}=registry.example/{name}:{tag}"
        self.plane.kubectl("-n", NAMESPACE, "set", "image", f"deployment/{name}", image)

    def query(self, expression: str) -> list[dict]:
        """Ask Prometheus."""
        answer = httpx.get(
            f"{self.prometheus_url}/api/v1/query", params={"query": expression}, timeout=5
        )
        return answer.json()["data"]["result"]

    def settings(self) -> dict[str, str]:
        """Return the environment that connects a stack to all of it."""
        return {
            "PROMETHEUS_URL": self.prometheus_url,
            "PROMETHEUS_SCRAPE_SECONDS": str(2 * SCRAPE_SECONDS),
            "PROMETHEUS_DATABASES": "orders-db",
            "KUBERNETES_KUBECONFIG": str(self.plane.reader),
            "KUBERNETES_NAMESPACES": NAMESPACE,
            "KUBERNETES_REMEDIATE_KUBECONFIG": str(self.plane.remediator),
        }

    def stop(self) -> None:
        """End everything, last started first."""
        for part in (self.alertmanager, self.prometheus, self.lab):
            if part is not None:
                part.stop()


def start_production(plane: ControlPlane, folder: Path) -> Production:
    """Start the lab on the API server, and a Prometheus that knows its last half hour."""
    metrics_port, port = free_port(), free_port()
    history, data = folder / "history.om", folder / "prometheus"
    lab = Process(
        [sys.executable, "manage.py", "lab", "--attached", "--kubeconfig", str(plane.admin),
         "--namespace", NAMESPACE, "--metrics-port", str(metrics_port), "--kubelet-port",
         str(free_port()), "--history", str(history)],
        folder / "lab.log",
    ).start()  # fmt: skip
    try:
        until(lambda: "READY" in lab.text(), f"the lab is ready: {lab.text()}", seconds=120)
        Process(
            [program("promtool", "prometheus"), "tsdb", "create-blocks-from", "openmetrics",
             str(history), str(data)],
            folder / "promtool.log",
        ).start().process.wait(120)  # fmt: skip
        prometheus = _start_prometheus(folder, data, port, metrics_port)
    except BaseException:
        lab.stop()
        raise
    return Production(plane, folder, lab, prometheus, f"http://127.0.0.1:{port}", metrics_port)


def _start_prometheus(folder: Path, data: Path, port: int, metrics_port: int) -> Process:
    alert_port = folder / "alertmanager.port"
    alert_port.write_text(str(free_port()))
    (folder / "rules.yml").write_text(yaml.safe_dump(RULES))
    config = {
        "global": {"scrape_interval": f"{SCRAPE_SECONDS}s", "evaluation_interval": "2s"},
        "rule_files": [str(folder / "rules.yml")],
        "alerting": {"alertmanagers": [{"static_configs": [
            {"targets": [f"127.0.0.1:{alert_port.read_text()}"]}]}]},
        "scrape_configs": [{
            "job_name": JOB, "honor_labels": True,
            "static_configs": [{"targets": [f"127.0.0.1:{metrics_port}"]}],
        }],
    }  # fmt: skip
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    prometheus = Process(
        [program("prometheus"), "--config.file", str(folder / "prometheus.yml"),
         "--storage.tsdb.path", str(data), "--web.listen-address", f"127.0.0.1:{port}"],
        folder / "prometheus.log",
    ).start()  # fmt: skip
    until(lambda: answers(f"http://127.0.0.1:{port}/-/ready"), "Prometheus is ready")
    return prometheus


def start_alertmanager(production: Production, webhook_url: str, token: str) -> None:
    """Start Alertmanager, which posts what Prometheus finds to our webhook."""
    folder = production.folder
    port = (folder / "alertmanager.port").read_text()
    (folder / "intake-token").write_text(token)
    config = {
        "route": {"receiver": "sre-workspace", "group_by": ["alertname"], "group_wait": "0s",
                  "group_interval": "5s", "repeat_interval": "1h"},
        "receivers": [{"name": "sre-workspace", "webhook_configs": [{
            "url": webhook_url, "send_resolved": True,
            "http_config": {"authorization": {"credentials_file": str(folder / "intake-token")}},
        }]}],
    }  # fmt: skip
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
    production.alertmanager = Process(
        [program("prometheus-alertmanager", "alertmanager"), "--config.file",
         str(folder / "alertmanager.yml"), "--storage.path", str(folder / "alertmanager"),
         "--web.listen-address", f"127.0.0.1:{port}", "--cluster.listen-address", ""],
        folder / "alertmanager.log",
    ).start()  # fmt: skip
    until(lambda: answers(f"http://127.0.0.1:{port}/-/ready"), "Alertmanager is ready")
