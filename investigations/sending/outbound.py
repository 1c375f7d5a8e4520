"""One guarded way out: only listed hosts, resolved once, the address pinned, no redirects, bounded."""

import ipaddress
import socket
import ssl
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import httpx

from investigations.sending.outcome import Outcome
from telemetry.redaction import redact

DEADLINE_SECONDS = 6.0
CONNECT_SECONDS = 3.0
MAX_ANSWER = 4_000
SHOWN = 200
# Trying again may help after these.
TRANSIENT = {408, 425, 429}


class NotAllowed(Exception):
    """The address may not be sent to. ``str()`` is fit to show."""


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where messages may go: exact names; suffixes of public services; names of the inside."""

    public: Collection[str] = ()
    suffixes: tuple[str, ...] = ()
    internal: Collection[str] = ()

    def allows(self, host: str) -> bool:
        """Whether a host is listed in any way."""
        return host in self.public or host in self.internal or host.endswith(self.suffixes or "\0")


def check_address(url: str, hosts: Hosts) -> SplitResult:
    """Return the parts of an address that may be sent to. Resolves nothing.

    Raises:
        NotAllowed: It is no plain https address of a listed host.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise NotAllowed("That is no web address.") from error
    host = (parts.hostname or "").rstrip(".").lower()
    if not host or parts.username is not None or parts.password is not None:
        raise NotAllowed("Give an address such as https://hooks.example.org/x, without a user.")
    if not hosts.allows(host):
        raise NotAllowed(f"{host} is not on the list of hosts. An admin can add it.")
    is_inside = host in hosts.internal
    if parts.scheme != "https" and not (is_inside and parts.scheme == "http"):
        raise NotAllowed("Only https addresses; http only for hosts marked as internal.")
    if port not in {None, 443} and not is_inside:
        raise NotAllowed("Only port 443; others only for hosts marked as internal.")
    return parts


def resolve(host: str, port: int, *, is_internal: bool) -> str:
    """Return one address of a host. A public host may have no inside address among them.

    Raises:
        NotAllowed: An address is private, loopback, link-local or reserved, or there is none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotAllowed(f"{host} is not known to the name servers.") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not is_internal and not all(_is_public(a) for a in addresses):
        raise NotAllowed(f"{host} leads to an address inside the network.")
    if any(_is_never(a) for a in addresses):
        raise NotAllowed(f"{host} leads to an address that serves machines, not messages.")
    return addresses[0]


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        return inner or found
    return found


def _is_public(address: str) -> bool:
    found = _plain(address)
    is_nat64 = found.version == 6 and found in ipaddress.ip_network("64:ff9b::/96")
    return found.is_global and not found.is_multicast and not is_nat64


def _is_never(address: str) -> bool:
    """Link-local addresses hold the metadata services of clouds: no list can allow them."""
    found = _plain(address)
    return found.is_link_local or found.is_multicast or found.is_unspecified


def post(
    url: str, body: bytes, headers: Mapping[str, str], hosts: Hosts,
    *, deadline_seconds: float = DEADLINE_SECONDS, trust: ssl.SSLContext | bool = True,
) -> Outcome:  # fmt: skip
    """Send a body to an allowed address and tell what was answered. Never raises for the other side.

    The certificate is checked against the host's name although the resolved address is asked.
    """
    try:
        parts = check_address(url, hosts)
        host = (parts.hostname or "").rstrip(".").lower()
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = resolve(host, port, is_internal=host in hosts.internal)
    except NotAllowed as error:
        return Outcome(is_sent=False, answer=str(error), is_final=True)
    literal = f"[{address}]" if ":" in address else address
    target = f"{parts.scheme}://{literal}:{port}{parts.path or '/'}"
    if parts.query:
        target += f"?{parts.query}"
    sent = {**headers, "Host": host if port in {80, 443} else f"{host}:{port}"}
    try:
        return _post(target, body, sent, host, deadline_seconds, trust)
    except httpx.TimeoutException:
        return Outcome(is_sent=False, answer=f"no answer within {deadline_seconds:g} s")
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, UnicodeError) as error:
        told = redact(str(error) or type(error).__name__, limit=SHOWN)
        return Outcome(is_sent=False, answer=f"no connection: {told}")


def _post(
    target: str, body: bytes, headers: Mapping[str, str], host: str, deadline_seconds: float,
    trust: ssl.SSLContext | bool,
) -> Outcome:  # fmt: skip
    ends = time.monotonic() + deadline_seconds
    limits = httpx.Timeout(deadline_seconds, connect=CONNECT_SECONDS)
    with (
        httpx.Client(verify=trust, follow_redirects=False, timeout=limits, trust_env=False) as http,
        http.stream(
            "POST", target, content=body, headers=dict(headers),
            extensions={"sni_hostname": host},
        ) as answer,
    ):  # fmt: skip
        said = b""
        for piece in answer.iter_raw():
            said += piece
            if len(said) > MAX_ANSWER or time.monotonic() > ends:
                break
    status = answer.status_code
    text = redact(said[:SHOWN].decode("utf-8", "replace").strip(), limit=SHOWN)
    told = f"{status} {answer.reason_phrase}{': ' + text if text else ''}"
    if 200 <= status < 300:
        return Outcome(is_sent=True, answer=told)
    if 300 <= status < 400:
        told = f"{status}: redirects are not followed"
    is_final = status < 500 and status not in TRANSIENT
    return Outcome(is_sent=False, answer=told, is_final=is_final, is_gone=status in {404, 410})
