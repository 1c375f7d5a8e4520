"""The Compose file: what the specification allows, no default password, one mutating credential."""

import json
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.architecture.tree import ROOT

pytestmark = pytest.mark.unit

FILE = ROOT / "deploy" / "compose.yaml"
SCHEMA = Path(__file__).parent / "data" / "compose-spec.json"
OURS = {"migrate", "web", "investigate", "remediate", "beat"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    # The schema to be had is older than this part of the specification.
    assert found.pop("name") == "sre-workspace"
    return found


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft7Validator:
    # The schema says 2019-09 and uses nothing that draft 7 has not, but for draft 4's "id".
    text = SCHEMA.read_text(encoding="utf-8")
    loaded = json.loads(re.sub(r'"id": "#/[^"]*",', "", text))
    return jsonschema.Draft7Validator(loaded)


def test_it_fits_the_specification(
    compose: dict[str, Any], schema: jsonschema.Draft7Validator
) -> None:
    schema.validate(compose)


@pytest.mark.parametrize(
    "wrong",
    [
        {"restarts": "always"},
        {"ports": "8000"},
        {"depends_on": {"postgres": {"condition": "healthy"}}},
        {"deploy": {"resources": {"limits": {"ram": "1g"}}}},
    ],
    ids=str,
)
def test_the_schema_refuses_what_is_wrong(
    compose: dict[str, Any], schema: jsonschema.Draft7Validator, wrong: dict[str, Any]
) -> None:
    services = compose["services"] | {"web": compose["services"]["web"] | wrong}
    with pytest.raises(jsonschema.ValidationError):
        schema.validate(compose | {"services": services})


def test_what_it_names_is_there(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == OURS | {"postgres", "valkey"}
    for service in compose["services"].values():
        assert set(service["networks"]) <= set(compose["networks"])
        assert set(service.get("secrets", [])) <= set(compose["secrets"])
        assert set(service.get("depends_on", {})) <= set(compose["services"])
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in compose["volumes"]
        if "build" in service:
            assert (FILE.parent / service["build"]["context"] / "manage.py").exists()
            dockerfile = FILE.parent / service["build"]["context"] / service["build"]["dockerfile"]
            assert dockerfile.exists()


def test_a_mounted_secret_is_where_its_variable_points(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        mounted = {f"/run/secrets/{secret}" for secret in service.get("secrets", [])}
        told = {
            str(value)
            for value in [*service["environment"].values(), *service.get("command", [])]
            if str(value).startswith("/run/secrets/")
        } if "environment" in service else mounted  # fmt: skip
        assert told == mounted, name


def test_one_service_holds_what_can_change_a_system(compose: dict[str, Any]) -> None:
    holders: dict[str, set[str]] = {}
    for name, service in compose["services"].items():
        for secret in service.get("secrets", []):
            holders.setdefault(secret, set()).add(name)
    assert holders["remediator-kubeconfig"] == {"remediate"}
    assert holders["reader-kubeconfig"] == {"investigate", "remediate"}
    assert compose["services"]["beat"]["secrets"] == ["redis-url"]
    assert set(holders) == set(compose["secrets"])


def test_no_password_is_in_it_and_what_must_be_given_is_asked_for(compose: dict[str, Any]) -> None:
    text = FILE.read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\{(\w+):\?", text))
    assert asked == {"SECRETS_DIR", "SETTINGS_FILE", "WARROOM_HOST", "WARROOM_IMAGE"}
    assert set(re.findall(r"\$\{(\w+)", text)) - asked == {"WARROOM_PORT"}
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|KEY|DATABASE_URL|REDIS_URL", name):
                assert name.endswith("_FILE")
                assert str(value).startswith("/run/secrets/")


def test_every_service_is_watched_and_bounded(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["deploy"]["resources"]["limits"]["memory"], name
        if name == "migrate":
            assert service["restart"] == "on-failure"
            continue
        assert service["restart"] == "unless-stopped", name
        assert service["healthcheck"]["test"], name
        assert re.search(r":[^/:$]*\d[^/]*$", service["image"]) or name in OURS


def test_only_loopback_is_published_and_beat_has_no_way_out(compose: dict[str, Any]) -> None:
    services = compose["services"]
    published = {name: s["ports"] for name, s in services.items() if "ports" in s}
    assert published == {"web": ["127.0.0.1:${WARROOM_PORT:-8000}:8000"]}
    assert compose["networks"]["data"] == {"internal": True}
    inward = {name for name, s in services.items() if s["networks"] == ["data"]}
    assert inward == {"postgres", "valkey", "migrate", "beat"}


def test_our_containers_are_confined(compose: dict[str, Any]) -> None:
    for name in OURS:
        service = compose["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def _make_secrets(folder: Path) -> dict[str, str]:
    subprocess.run([ROOT / "deploy" / "make-secrets", folder], check=True, timeout=20)
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_the_secrets_are_made_once_and_differ_everywhere(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    first = _make_secrets(tmp_path / "one")
    assert _make_secrets(tmp_path / "one") == first
    other = _make_secrets(tmp_path / "two")
    mounted = {Path(secret["file"]).name for secret in compose["secrets"].values()}
    assert mounted <= set(first)
    same = {name for name in first if first[name] == other[name]}
    assert same == {"reader-kubeconfig", "remediator-kubeconfig"}
    assert len(first["secret-key"]) >= 50
    assert first["database-password"] in first["database-url"]
    assert f"requirepass {first['redis-password']}\n" in first["valkey.conf"]
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o700
