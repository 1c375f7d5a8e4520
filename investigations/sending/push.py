"""Web push: RFC 8291 (encryption), RFC 8188 (aes128gcm) and RFC 8292 (who sends), by cryptography."""

import base64
import binascii
import json
import os
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from investigations.sending.outbound import Hosts, post
from investigations.sending.outcome import Message, Outcome

# The push services of Chrome, Firefox, Edge and Safari.
SERVICES = Hosts(
    public=("fcm.googleapis.com", "web.push.apple.com"),
    suffixes=(".push.services.mozilla.com", ".notify.windows.com"),
)
RECORD_BYTES = 4096
MAX_PAYLOAD = 3000
CURVE = ec.SECP256R1()
LIFETIME_SECONDS = 12 * 3600
# A call that could not be shown for so long is no longer one.
TTL_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser: where to send, and its keys, base64url as it gave them."""

    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True)
class Sender:
    """Who we are to push services: a private key as base64url of 32 bytes, and a contact."""

    private_key: str
    subject: str


def b64(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Read base64url with or without padding.

    Raises:
        ValueError: It is none.
    """
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error


def private_key(text: str) -> ec.EllipticCurvePrivateKey:
    """Read a private key of 32 bytes.

    Raises:
        ValueError: It is none.
    """
    data = unb64(text)
    if len(data) != 32:
        raise ValueError("a private key has 32 bytes")
    return ec.derive_private_key(int.from_bytes(data), CURVE)


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return a public key as its uncompressed point."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def make_private_key() -> str:
    """Return a new private key as base64url."""
    return b64(ec.generate_private_key(CURVE).private_numbers().private_value.to_bytes(32))


def public_of(text: str) -> str:
    """Return the public key that browsers are given."""
    return b64(point(private_key(text).public_key()))


def read_subscription(endpoint: str, p256dh: str, auth: str) -> Subscription:
    """Check what a browser gave.

    Raises:
        ValueError: A key is none.
    """
    ec.EllipticCurvePublicKey.from_encoded_point(CURVE, unb64(p256dh))
    if len(unb64(auth)) != 16:
        raise ValueError("the secret has 16 bytes")
    return Subscription(endpoint, p256dh, auth)


def encrypt(
    plain: bytes, to: Subscription, *, salt: bytes, key: ec.EllipticCurvePrivateKey
) -> bytes:
    """Return the body for a push service: one aes128gcm record, readable by that browser only."""
    theirs_raw, auth = unb64(to.p256dh), unb64(to.auth)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs_raw)
    ours = point(key.public_key())
    shared = key.exchange(ec.ECDH(), theirs)
    secret = _hkdf(shared, auth, b"WebPush: info\0" + theirs_raw + ours, 32)
    content_key = _hkdf(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _hkdf(secret, salt, b"Content-Encoding: nonce\0", 12)
    sealed = AESGCM(content_key).encrypt(nonce, plain + b"\x02", None)
    return salt + RECORD_BYTES.to_bytes(4) + bytes([len(ours)]) + ours + sealed


def _hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


def authorization(endpoint: str, sender: Sender, *, now: int) -> str:
    """Return the header that tells a push service who sends."""
    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": now + LIFETIME_SECONDS,
              "sub": sender.subject}  # fmt: skip
    head = b64(json.dumps({"typ": "JWT", "alg": "ES256"}).encode())
    signed = f"{head}.{b64(json.dumps(claims).encode())}"
    key = private_key(sender.private_key)
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    token = f"{signed}.{b64(r.to_bytes(32) + s.to_bytes(32))}"
    return f"vapid t={token}, k={public_of(sender.private_key)}"


def send_push(message: Message, *, to: Subscription, sender: Sender, hosts: Hosts) -> Outcome:
    """Send one message to one browser."""
    data = {"title": message.title, "body": message.text, "path": message.path,
            "tag": message.dedup}  # fmt: skip
    plain = json.dumps(data).encode()
    if len(plain) > MAX_PAYLOAD:
        plain = json.dumps({**data, "body": ""}).encode()
    try:
        body = encrypt(plain, to, salt=os.urandom(16), key=ec.generate_private_key(CURVE))
    except ValueError as error:
        return Outcome(is_sent=False, answer=f"The browser's keys: {error}", is_final=True)
    headers = {
        "Authorization": authorization(to.endpoint, sender, now=int(time.time())),
        "Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream",
        "TTL": str(TTL_SECONDS), "Urgency": "high",
    }  # fmt: skip
    return post(to.endpoint, body, headers, hosts)
