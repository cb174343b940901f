"""Where a timetable may be fetched from. The page must not become a way into the school's network.

A timetable is published on the internet, so the rule is: https, port 443, and only addresses of the public
internet. What an address on the page could otherwise reach (this device itself, the router, a printer, a server
of the school, the metadata service of a cloud) is refused, whatever name stands for it. A school that runs its own
timetable server has IT name that host in the device's configuration (``inside``); the page cannot.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from device.domain.errors import Permanent, Refused, Temporary

_PORTS = {"https": 443, "http": 80}
_LONGEST = 2000
# Addresses of version 6 that carry one of version 4, which is then the one that counts.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Policy:
    """What IT allows beyond the rule: unencrypted http, and these hosts wherever they are, on any port."""

    http: bool = False
    inside: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """A checked address. ``target`` is the path with its query; it may hold a secret and is never shown."""

    scheme: str
    host: str
    port: int
    target: str


def check(url: str, policy: Policy) -> Place:
    """Return what a URL names; ``webcal://`` is https. Permanent or Refused when it is not to be fetched."""
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > _LONGEST:
        raise Permanent("the timetable's address has characters that no address has; copy it again")
    try:
        parts = urlsplit(url.replace("webcal://", "https://", 1) if url.startswith("webcal://") else url)
        port = parts.port
    except ValueError:
        raise Permanent("the timetable's address is no address; copy it again") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise Permanent("the timetable's address must begin with https:// or webcal://")
    if parts.scheme == "http" and not policy.http:
        raise Refused("a timetable is fetched over https only; IT can allow http in the configuration")
    if parts.username is not None or parts.password is not None:
        raise Permanent(
            "the timetable's address must not hold a user name; use the address that is meant to be shared"
        )
    host, usual = parts.hostname, _PORTS[parts.scheme]
    if port not in (None, usual) and host not in policy.inside:
        raise Refused(
            f"a timetable is fetched from port {usual} only; IT can name the host in the configuration"
        )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(parts.scheme, host, port or usual, target)


def resolve(place: Place, policy: Policy) -> list[str]:
    """Return the addresses to connect to, all of them allowed. Asks the network; Temporary when it knows none.

    The caller connects to these and never to the name: a name may mean something else the next moment.
    """
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Temporary(
            f"the network does not know {place.host}; check the address and the network"
        ) from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if place.host not in policy.inside and not all(is_public(each) for each in addresses):
        raise Refused(
            f"{place.host} is on the school's own network or on this device, and the page does not fetch from there; "
            "IT can name the host in the configuration"
        )
    return addresses


def is_public(text: str) -> bool:
    """Tell whether an IP address is one of the public internet, to which nobody's own network belongs."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.sixtofour is not None or address.teredo is not None:
            return False
        carried = (
            ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else address.ipv4_mapped
        )
        address = carried or address
    return address.is_global and not address.is_multicast and not address.is_reserved
