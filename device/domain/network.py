"""How this device joins the school's network: what IT may ask for, checked before anything is touched.

All faults are found at once. Secrets are in :class:`Wish` alone, and no sentence repeats what was typed.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv4Interface,
    IPv6Address,
    NetmaskValueError,
    ip_address,
)
from typing import Any

from device.domain.errors import Permanent

KIND = "Choose wired or wireless."
SSID = "The name of the network (SSID) has 1 to 32 bytes; letters with accents take two."
SECURITY = "Choose how the network is secured."
PASSPHRASE = (
    "This password has 8 to 63 signs without accents, or it is a key of 64 digits and letters a to f."  # noqa: S105
)
IDENTITY = "This is the account for the network on one line, such as device@school.example."
PASSWORD = "Fill in the password of the account, on one line."  # noqa: S105
DOMAIN = "This is the domain of the login server's certificate, such as radius.school.example."
CERTIFICATE = (
    "Paste one CA certificate with its lines BEGIN and END CERTIFICATE, or nothing for those of the system."
)
METHOD = "Choose DHCP or a fixed address."
ADDRESS = "A fixed address is written with its prefix, such as 192.168.10.20/24, and is none of network or broadcast."
GATEWAY = "The gateway is another address in the same network, such as 192.168.10.1."
DNS = "Name servers are at most three addresses with commas between them, such as 192.168.10.2, 192.168.10.3."
SENTENCES = (
    *(
        KIND,
        SSID,
        SECURITY,
        PASSPHRASE,
        IDENTITY,
        PASSWORD,
        DOMAIN,
        CERTIFICATE,
        METHOD,
        ADDRESS,
        GATEWAY,
        DNS,
    ),
)
_LONGEST = 255
_MOST_SERVERS = 3
_MOST_CERTIFICATE = 20_000
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})+")
_BEGIN = "-----BEGIN CERTIFICATE-----"
_PASSPHRASE = re.compile(r"[ -~]{8,63}|[0-9A-Fa-f]{64}")


class Kind(enum.Enum):
    """Over a cable, or without one."""

    WIRED = "wired"
    WIRELESS = "wireless"


class Security(enum.Enum):
    """How a wireless network knows its guests."""

    PERSONAL = "personal"
    WPA3 = "wpa3"
    ENTERPRISE = "enterprise"


class Method(enum.Enum):
    """Where the address comes from."""

    DHCP = "dhcp"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Wish:
    """One connection. What its kind, security or method does not need is empty.

    ``dns`` are addresses, ``certificate`` is PEM text.
    """

    kind: Kind
    method: Method
    ssid: str = ""
    security: Security | None = None
    passphrase: str = field(default="", repr=False)
    identity: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    domain: str = ""
    certificate: str = field(default="", repr=False)
    address: str = ""
    gateway: str = ""
    dns: tuple[str, ...] = ()

    def shown(self) -> dict[str, Any]:
        """Return what may be shown again: nothing with which anybody gets into the network."""
        held = write_wish(self)
        return {
            name: held[name]
            for name in ("kind", "method", "ssid", "security", "domain", "address", "gateway", "dns")
        }


class Faulty(Permanent):
    """A wish that cannot be: ``sentences`` by field, each one of :data:`SENTENCES`."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        super().__init__(" ".join(f"{name}: {sentence}" for name, sentence in sentences.items()))
        self.sentences = dict(sentences)


def read_wish(values: Mapping[str, Any]) -> Wish:
    """Return what was asked for, without what it does not need; :class:`Faulty` with everything that is wrong."""
    known = {each.name for each in fields(Wish)}
    for name in values:
        if name not in known:
            raise Permanent(f"{name!r} is no setting of the network; those are {', '.join(sorted(known))}")
    found: dict[str, str] = {}
    kind, method = (
        _choice(values, "kind", Kind, KIND, found),
        _choice(values, "method", Method, METHOD, found),
    )
    kept: dict[str, Any] = {}
    if kind is Kind.WIRELESS:
        kept |= _wireless(values, found)
    if method is Method.FIXED:
        kept |= _fixed(values, found)
    if found or kind is None or method is None:
        raise Faulty(found)
    return Wish(kind, method, **kept)


def write_wish(wish: Wish) -> dict[str, Any]:
    """Return a wish as plain values, secrets and all: for its file and for no other place."""
    held = asdict(wish)
    return {name: value.value if isinstance(value, enum.Enum) else value for name, value in held.items()} | {
        "dns": list(wish.dns)
    }


def certificate_bytes(pem: str) -> bytes:
    """Return the one certificate in a PEM text as DER; Permanent when there is none, or are several."""
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import load_pem_x509_certificates

    try:
        (certificate,) = load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise Permanent(CERTIFICATE) from None
    return certificate.public_bytes(Encoding.DER)


def _wireless(values: Mapping[str, Any], found: dict[str, str]) -> dict[str, Any]:
    kept: dict[str, Any] = {"ssid": _text(values, "ssid", _is_ssid, SSID, found)}
    kept["security"] = security = _choice(values, "security", Security, SECURITY, found)
    if security in (Security.PERSONAL, Security.WPA3):
        kept["passphrase"] = _text(values, "passphrase", _is_passphrase, PASSPHRASE, found)
    if security is Security.ENTERPRISE:
        kept["identity"] = _text(values, "identity", _is_line, IDENTITY, found)
        kept["password"] = _text(values, "password", _is_line, PASSWORD, found)
        kept["domain"] = _text(values, "domain", _is_domain, DOMAIN, found)
        kept["certificate"] = _text(values, "certificate", _is_certificate, CERTIFICATE, found)
    return kept


def _fixed(values: Mapping[str, Any], found: dict[str, str]) -> dict[str, Any]:
    address = _text(values, "address", _is_address, ADDRESS, found)

    def is_gateway(text: str) -> bool:
        if not text:
            return True
        try:
            own, gateway = IPv4Interface(address), IPv4Address(text)
        except (AddressValueError, NetmaskValueError, ValueError):
            return "address" in found and _is_ip(text)
        return gateway in own.network and gateway not in (own.ip, *_ends(own))

    gateway = _text(values, "gateway", is_gateway, GATEWAY, found)
    dns = values.get("dns", ())
    if not isinstance(dns, list | tuple) or len(dns) > _MOST_SERVERS or not all(map(_is_ip, dns)):
        found["dns"] = DNS
        dns = ()
    return {"address": address, "gateway": gateway, "dns": tuple(dns)}


def _choice(
    values: Mapping[str, Any], name: str, kind: type[Any], sentence: str, found: dict[str, str]
) -> Any:
    try:
        return kind(values.get(name))
    except ValueError:
        found[name] = sentence
        return None


def _text(
    values: Mapping[str, Any],
    name: str,
    is_right: Callable[[str], bool],
    sentence: str,
    found: dict[str, str],
) -> str:
    text = values.get(name, "")
    if isinstance(text, str) and is_right(text):
        return text
    found[name] = sentence
    return ""


def _is_ssid(text: str) -> bool:
    return 1 <= len(text.encode("utf-8", "surrogatepass")) <= 32 and _is_line(text)


def _is_passphrase(text: str) -> bool:
    return _PASSPHRASE.fullmatch(text) is not None


def _is_line(text: str) -> bool:
    """Tell whether it is one line that can be written in UTF-8: nothing in it can begin another line of a file."""
    return 1 <= len(text) <= _LONGEST and text.isprintable()


def _is_domain(text: str) -> bool:
    return _DOMAIN.fullmatch(text) is not None


def _is_certificate(text: str) -> bool:
    if not text:
        return True
    if len(text) > _MOST_CERTIFICATE or text.count(_BEGIN) != 1:
        return False
    try:
        return bool(certificate_bytes(text))
    except Permanent:
        return False


def _ends(own: IPv4Interface) -> tuple[IPv4Address, ...]:
    """Return the addresses that nobody in a network has; the two of a /31 have one each (RFC 3021)."""
    return () if own.network.prefixlen >= 31 else (own.network.network_address, own.network.broadcast_address)


def _is_address(text: str) -> bool:
    # Without a prefix, or with a mask instead, it is not what the sentence asks for.
    if not re.fullmatch(r"[0-9.]+/[0-9]{1,2}", text):
        return False
    try:
        own = IPv4Interface(text)
    except ValueError:
        return False
    strange = own.ip.is_multicast or own.ip.is_unspecified or own.ip.is_loopback or own.ip.is_reserved
    return not strange and own.network.prefixlen > 0 and own.ip not in _ends(own)


def _is_ip(text: Any) -> bool:
    try:
        found = ip_address(text) if isinstance(text, str) else None
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.scope_id:
        return False
    return found is not None and not found.is_multicast and not found.is_unspecified
