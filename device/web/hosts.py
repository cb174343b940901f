"""The names under which this device may be asked for: a page elsewhere must not pass for it (DNS rebinding)."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address

_ALWAYS = ("localhost",)


class Hosts:
    """An allow-list of names; addresses need none, for the connection itself tells which one is ours."""

    def __init__(self, names: Iterable[str]) -> None:
        """``names``: the device's own, with and without ``.local``, and those that the school gave it."""
        self._names = {name.lower().rstrip(".") for name in (*names, *_ALWAYS)}

    def knows(self, host: str, own_address: str | None) -> bool:
        """Tell whether a Host header is ours. ``own_address``: the one that was connected to."""
        name = _without_port(host).lower().rstrip(".")
        if name in self._names:
            return True
        address = _address(name)
        if address is None:
            return False
        return address.is_loopback or (own_address is not None and address == _address(own_address))


def names_of(hostname: str, more: Iterable[str]) -> tuple[str, ...]:
    """Return a machine's own names and those that it was told."""
    short = hostname.partition(".")[0]
    return (hostname, short, f"{short}.local", *more)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
