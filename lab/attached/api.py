"""What the lab asks of an API server: plain JSON with the identity of a kubeconfig."""

import json
import urllib.parse
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
TIMEOUT_SECONDS = 10.0


class ApiError(Exception):
    """The API server refused, or did not answer. ``status`` is 0 without an answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text[:300]}")
        self.status = status


class Cluster:
    """One API server, as whoever the kubeconfig says. Safe for threads."""

    def __init__(self, kubeconfig: str, *, namespace: str) -> None:
        # Heavy, and needed by the attached face only.
        from kubernetes import client, config  # noqa: PLC0415

        settings = client.Configuration()
        config.load_kube_config(kubeconfig, client_configuration=settings)
        settings.retries = 0
        self._client = client.ApiClient(settings)
        self.namespace = namespace

    def ask(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None,
        body: object = None, content_type: str = "application/json",
    ) -> Json:  # fmt: skip
        """Put one request and return its answer.

        Raises:
            ApiError: Refused, or no answer.
        """
        import urllib3  # noqa: PLC0415  # comes with the official client

        headers = {"Accept": "application/json", "Content-Type": content_type}
        self._client.update_params_for_auth(headers, [], ["BearerToken"])
        address = self._client.configuration.host.rstrip("/") + path
        if query:
            address += "?" + urllib.parse.urlencode(query)
        try:
            answer = self._client.rest_client.pool_manager.request(
                method, address, headers=headers, retries=False, timeout=TIMEOUT_SECONDS,
                body=None if body is None else json.dumps(body).encode(),
            )  # fmt: skip
        except urllib3.exceptions.HTTPError as error:
            raise ApiError(0, str(error)) from error
        if answer.status >= 300:
            raise ApiError(answer.status, answer.data.decode("utf-8", "replace"))
        found: Json = json.loads(answer.data or b"{}")
        return found

    def items(self, kind: str) -> list[Json]:
        """Return every object of a kind in the namespace: ``pods`` or ``deployments``."""
        found: list[Json] = self.ask("GET", f"{self._base(kind)}/{kind}").get("items") or []
        return found

    def create(self, path: str, body: Json) -> None:
        """Create an object; one that is there already is left as it is."""
        try:
            self.ask("POST", path, body=body)
        except ApiError as error:
            if error.status != 409:
                raise

    def patch_status(self, path: str, status: Json) -> None:
        """Merge into an object's status; one that is gone is passed over."""
        try:
            self.ask("PATCH", f"{path}/status", body={"status": status}, content_type=MERGE)
        except ApiError as error:
            if error.status not in {404, 409}:
                raise

    def pod_path(self, name: str) -> str:
        """Return the path of a pod."""
        return f"{self._base('pods')}/pods/{name}"

    def _base(self, kind: str) -> str:
        group = "/apis/apps/v1" if kind == "deployments" else "/api/v1"
        return f"{group}/namespaces/{self.namespace}"
