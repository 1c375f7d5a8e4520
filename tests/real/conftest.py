"""A real control plane, and a production on it: one of each per run of the tests."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml

from tests.real.components import ROOT, ControlPlane, free_port, missing
from tests.real.production import NAMESPACE, start_production

GROUPS = {"reader": "warroom:readers", "remediator": "warroom:remediators"}


@pytest.fixture(scope="session")
def plane():
    """The control plane of ``TEST_CLUSTER_SCRIPT``, with our roles bound to its identities."""
    script = os.environ.get("TEST_CLUSTER_SCRIPT", "")
    if not script or not Path(script).is_file():
        missing("TEST_CLUSTER_SCRIPT names no script that starts a control plane")
    folder = Path(tempfile.mkdtemp(prefix="sre-k8s-"))
    environment = {**os.environ, "RUN": str(folder), "PORT": str(free_port()),
                   "ETCD_PORT": str(free_port())}  # fmt: skip
    done = subprocess.run(["bash", script, "start"], env=environment, capture_output=True,
                          text=True, timeout=120, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = ControlPlane(*(folder / f"{n}.kubeconfig" for n in ("admin", "agent-ro", "agent-rw")))
    bind_roles(found)
    yield found
    subprocess.run(["bash", script, "wipe"], env=environment, check=False, timeout=60)
    shutil.rmtree(folder, ignore_errors=True)


def bind_roles(plane: ControlPlane) -> None:
    """Apply the shipped manifests, with the control plane's test identities as subjects."""
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    plane.apply(space)
    for identity, group in GROUPS.items():
        text = (ROOT / "deploy" / "rbac" / f"{identity}.yaml").read_text()
        documents = [d for d in yaml.safe_load_all(text) if d]
        for document in documents:
            if document["kind"].endswith("Binding"):
                document["subjects"] = [{
                    "kind": "Group", "name": group, "apiGroup": "rbac.authorization.k8s.io",
                }]  # fmt: skip
            if document["kind"] == "RoleBinding":
                document["metadata"]["namespace"] = NAMESPACE
        plane.apply(*documents)


@pytest.fixture(scope="session")
def production(plane):
    """The attached lab and its Prometheus. Tests share it: leave it as you found it."""
    folder = Path(tempfile.mkdtemp(prefix="sre-prod-"))
    found = start_production(plane, folder)
    yield found
    found.stop()
    shutil.rmtree(folder, ignore_errors=True)
