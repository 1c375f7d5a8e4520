"""The kubeconfigs of the documents: made by the shipped script, they may what their role says."""

import os
import subprocess

import pytest

from tests.real.components import ROOT, ControlPlane
from tests.real.production import NAMESPACE

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("real"), pytest.mark.timeout(180)]
SPACE, ACCOUNT = "sre-workspace", "sre-workspace-reader"


def make(plane: ControlPlane, account: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [ROOT / "deploy" / "make-kubeconfig", account], capture_output=True, text=True, check=False,
        env={**os.environ, "KUBECONFIG": str(plane.admin)}, timeout=60,
    )  # fmt: skip


def test_a_kubeconfig_of_the_reader_looks_and_changes_nothing(plane, tmp_path) -> None:
    plane.kubectl("create", "namespace", SPACE, check=False)
    assert make(plane, "nobody").returncode != 0, "there is no such account"
    plane.kubectl("-n", SPACE, "create", "serviceaccount", ACCOUNT, check=False)
    plane.kubectl(
        "-n", NAMESPACE, "create", "rolebinding", "made-by-a-test", f"--clusterrole={ACCOUNT}",
        f"--serviceaccount={SPACE}:{ACCOUNT}", check=False,
    )  # fmt: skip
    made = make(plane, ACCOUNT)
    assert made.returncode == 0, made.stderr
    assert make(plane, ACCOUNT).stdout == made.stdout, "again is the same"
    path = tmp_path / "reader.kubeconfig"
    path.write_text(made.stdout)
    reader = ControlPlane(path, path, path)
    try:
        assert "Forbidden" not in reader.kubectl(
            "-n", NAMESPACE, "get", "deployments", "-o", "name"
        )
        for verb, what in (("get", "secrets"), ("patch", "deployments"), ("delete", "pods")):
            may = reader.kubectl("-n", NAMESPACE, "auth", "can-i", verb, what, check=False)
            assert may.strip() == "no", (verb, what)
    finally:
        plane.kubectl("-n", NAMESPACE, "delete", "rolebinding", "made-by-a-test", check=False)
        plane.kubectl("delete", "namespace", SPACE, "--wait=false", check=False)
