"""A wish as NetworkManager's keyfile (nm-settings-keyfile(5)), in which what was typed can be nothing but a value.

A network's name is written as numbers, as NetworkManager itself does where it is no plain text: no sign in it can
mean anything. Other texts are one line (:mod:`device.domain.network` sees to that), and signs that GLib's key files
give a meaning are escaped.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from device.domain.errors import Permanent
from device.domain.network import Kind, Method, Security, Wish, certificate_bytes

ID = "leerblik"
# Always the same: a new wish takes the place of the one before, in NetworkManager as well.
UUID = "6f0e2d6c-5d0b-4b57-9a53-6d1c6f9a1f0e"
FILE_NAME = "leerblik.nmconnection"
# Goes before what came with the system, which stays as it is for when this one cannot be used.
_PRIORITY = 50
_TYPES = {Kind.WIRED: "ethernet", Kind.WIRELESS: "wifi"}


def keyfile(wish: Wish) -> str:
    """Return the text of the file. It holds secrets: for root's eyes only."""
    groups = {"connection": _connection(wish), _TYPES[wish.kind]: _link(wish)}
    if wish.kind is Kind.WIRELESS:
        groups |= _secured(wish)
    groups |= {"ipv4": _ipv4(wish), "ipv6": _ipv6(wish)}
    return "\n".join(f"[{name}]\n" + "".join(f"{line}\n" for line in lines) for name, lines in groups.items())


def escape(text: str) -> str:
    """Return a text as a value that GLib reads as the same text; Permanent when it cannot stand on one line."""
    if not text.isprintable():
        raise Permanent("a text for the network must be one line without control characters")
    inner = text.replace("\\", "\\\\")
    # Spaces at either end would be lost.
    head, tail = len(inner) - len(inner.lstrip(" ")), len(inner) - len(inner.rstrip(" "))
    if head == len(inner):
        return "\\s" * head
    return "\\s" * head + inner[head : len(inner) - tail] + "\\s" * tail


def _connection(wish: Wish) -> list[str]:
    return [
        *(f"id={ID}", f"uuid={UUID}", f"type={_TYPES[wish.kind]}"),
        *("autoconnect=true", f"autoconnect-priority={_PRIORITY}"),
    ]


def _link(wish: Wish) -> list[str]:
    if wish.kind is Kind.WIRED:
        return []
    return ["mode=infrastructure", "ssid=" + "".join(f"{each};" for each in wish.ssid.encode())]


def _secured(wish: Wish) -> dict[str, list[str]]:
    match wish.security:
        case Security.ENTERPRISE:
            return {"wifi-security": ["key-mgmt=wpa-eap"], "802-1x": list(_enterprise(wish))}
        case Security.WPA3:
            return {"wifi-security": ["key-mgmt=sae", f"psk={escape(wish.passphrase)}"]}
        case _:
            # Also takes WPA3 where the network offers both.
            return {"wifi-security": ["key-mgmt=wpa-psk", f"psk={escape(wish.passphrase)}"]}


def _enterprise(wish: Wish) -> Iterator[str]:
    yield from ("eap=peap;", "phase2-auth=mschapv2")
    yield f"identity={escape(wish.identity)}"
    yield f"password={escape(wish.password)}"
    # Without both of these anybody who calls a network by the same name is handed the password.
    yield f"domain-suffix-match={escape(wish.domain)}"
    if wish.certificate:
        der = base64.b64encode(certificate_bytes(wish.certificate)).decode()
        yield f"ca-cert=data:;base64,{der}"
    else:
        yield "system-ca-certs=true"


def _ipv4(wish: Wish) -> list[str]:
    if wish.method is Method.DHCP:
        return ["method=auto"]
    gateway = f",{wish.gateway}" if wish.gateway else ""
    servers = [each for each in wish.dns if ":" not in each]
    return ["method=manual", f"address1={wish.address}{gateway}", *_dns(servers)]


def _ipv6(wish: Wish) -> list[str]:
    return ["method=auto", *_dns([each for each in wish.dns if ":" in each])]


def _dns(servers: list[str]) -> list[str]:
    return ["dns=" + "".join(f"{each};" for each in servers)] if servers else []
