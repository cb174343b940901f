"""Where everybody in the room finds the public page, and the QR code that leads there."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from flask import request, url_for
from markupsafe import Markup

from device.web.prints.configuration import Configuration
from device.web.services import services

_USUAL_PORTS = {"http": 80, "https": 443}


def public_address(known: Configuration) -> str:
    """Return the address of the public page: a name if there is one, because addresses change.

    First the name that the school gave it, then the one that the browser used, then the machine's own.
    """
    scheme = "https" if services().tls else "http"
    name, port = _without_port(request.host)
    hosts = known.names("web", "hosts")
    if hosts:
        name, port = hosts[0], int(known.number("web", "port") or port or _USUAL_PORTS[scheme])
    elif _is_loopback(name):
        name = f"{socket.gethostname().partition('.')[0]}.local"
    end = "" if port in (None, _USUAL_PORTS[scheme]) else f":{port}"
    return f"{scheme}://{name}{end}{url_for('public.status_page')}"


def qr(address: str, title: str) -> Markup:
    """Return a QR code as a picture within the page."""
    import segno

    made = segno.make(address, error="m", micro=False)
    return Markup(made.svg_inline(border=2, omitsize=True, svgclass="qr", lineclass=None, title=title, dark="#000"))  # noqa: S704  # made here  # fmt: skip


def _without_port(host: str) -> tuple[str, int | None]:
    name, _colon, port = host.rpartition(":")
    return (name, int(port)) if port.isdecimal() and name else (host, None)


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name.lower() == "localhost"
