"""Database settings of a workload beside those of its siblings."""

import re
from collections import Counter
from collections.abc import Iterator

from agents.findings import Finding
from agents.specialists.cluster_view import ClusterView
from telemetry.addresses import pointers

PASSWORD = re.compile(r"(PASSWORD|PASSWD|PWD|PASS)$", re.I)
# So many others must agree on one value before a different one is odd.
MIN_SIBLINGS = 3


def check_databases(view: ClusterView) -> Iterator[Finding]:
    """Report a workload without pods whose password for a host differs from what the others use.

    Values are compared by fingerprint: nobody reads them.
    """
    by_host: dict[str, dict[str, str]] = {}
    for name, workload in view.workloads.items():
        for container in view.containers(workload):
            hosts = {p.host for p in pointers(container.env) if p.name in view.services}
            prints = [v for k, v in container.env if PASSWORD.search(k)]
            if len(prints) == 1:
                for host in hosts:
                    by_host.setdefault(host, {})[name] = prints[0]
    for host, prints_of in by_host.items():
        usual, count = Counter(prints_of.values()).most_common(1)[0]
        for name, value in prints_of.items():
            if value != usual and count >= MIN_SIBLINGS and name in view.unready:
                claim = (f"{name} uses another password for {host} than the {count} other "
                         "workloads that use it.")  # fmt: skip
                yield view.finding("database_secret_differs", view.workloads[name].resource, claim)
