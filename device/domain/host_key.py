"""How a server is known again: its public SSH key, out of whatever line of it somebody pasted."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from itertools import pairwise

from device.domain.errors import Permanent

# The best first: a scan prints one line for each that the server has, and one is enough.
KINDS = (
    "ssh-ed25519",
    *("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    "ssh-rsa",
)
_WRONG = (
    "paste a line of ssh-keyscan or of known_hosts, or the server's ssh_host_ed25519_key.pub; "
    "there is 'ssh-ed25519 AAAA...' in it"
)
_SEVERAL = "these are keys of several servers: paste only the lines of the coach's machine"


def read_host_key(pasted: str) -> str:
    """Return the one key as ``ssh-ed25519 AAAA...``, without host names and comments.

    Permanent when there is none, or when there are several of one kind.
    """
    found = set(_keys(pasted))
    for kind in KINDS:
        blobs = {blob for each, blob in found if each == kind}
        if len(blobs) > 1:
            raise Permanent(_SEVERAL)
        if blobs:
            return f"{kind} {blobs.pop()}"
    raise Permanent(_WRONG)


def host_key_fingerprint(key: str) -> str:
    """Return ``SHA256:...`` of a key as ssh and ssh-keygen print it; Permanent when it is none."""
    blob = read_host_key(key).split()[1]
    digest = base64.b64encode(hashlib.sha256(base64.b64decode(blob)).digest()).decode()
    return f"SHA256:{digest.rstrip('=')}"


def _keys(pasted: str) -> Iterator[tuple[str, str]]:
    for line in pasted.splitlines():
        words = line.split()
        # "#": what ssh-keyscan says beside; "@": certificates and revoked keys, which cannot be pinned.
        if words and words[0][0] not in "#@":
            yield from ((a, b) for a, b in pairwise(words) if _is_key(a, b))


def _is_key(kind: str, text: str) -> bool:
    if kind not in KINDS:
        return False
    try:
        blob = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    head = len(kind).to_bytes(4, "big") + kind.encode()
    return blob.startswith(head) and len(blob) > len(head) + 32
