"""IT's page for the network of this device: a cable or Wi-Fi, DHCP or a fixed address.

What is typed goes through the recorder, which wants a press at the device, to a unit of the system. Passwords come back
nowhere; and a network that does not come up is not kept, so that nobody is locked out.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from device.domain.errors import LeerblikError, Permanent
from device.domain.network import Faulty, Kind, Method, Security, read_wish, write_wish
from device.web.coach.filled import Filled
from device.web.it.answers import press_left_s, refusal, status_now
from device.web.phrases import N_
from device.web.roles import Role, open_to
from device.web.services import services

network = Blueprint("network", __name__, url_prefix="/it/network")
REFRESH_S = 5
# A certificate beside the rest.
_BODY_BYTES = 64 * 1024
_SECRETS = ("passphrase", "password")
_TEXTS = ("ssid", *_SECRETS, "identity", "domain", "certificate", "address", "gateway")
# The sentences of device/domain/network.py, so that they are translated; a test holds the two together.
SENTENCES = (
    N_("Choose wired or wireless."),
    N_("The name of the network (SSID) has 1 to 32 bytes; letters with accents take two."),
    N_("Choose how the network is secured."),
    N_("This password has 8 to 63 signs without accents, or it is a key of 64 digits and letters a to f."),
    N_("This is the account for the network on one line, such as device@school.example."),
    N_("Fill in the password of the account, on one line."),
    N_("This is the domain of the login server's certificate, such as radius.school.example."),
    N_(
        "Paste one CA certificate with its lines BEGIN and END CERTIFICATE, or nothing for those of the system."
    ),
    N_("Choose DHCP or a fixed address."),
    N_(
        "A fixed address is written with its prefix, such as 192.168.10.20/24, and is none of network or broadcast."
    ),
    N_("The gateway is another address in the same network, such as 192.168.10.1."),
    N_(
        "Name servers are at most three addresses with commas between them, such as 192.168.10.2, 192.168.10.3."
    ),
)


@network.get("")
@open_to(Role.IT)
def show() -> str:
    """Show how the last change went, and the form."""
    return _page(Filled(MultiDict([("kind", Kind.WIRED.value), ("method", Method.DHCP.value)])))


@network.post("")
@open_to(Role.IT, body_bytes=_BODY_BYTES)
def do_set() -> Response:
    """Hand on what was asked for, or say everything that is wrong with it."""
    try:
        wish = write_wish(read_wish(_asked()))
    except Faulty as faulty:
        problems = {name: str(_(sentence)) for name, sentence in faulty.sentences.items()}
        return make_response(_page(_again(problems)), 400)
    return _ask(wish=wish)


@network.post("/forget")
@open_to(Role.IT)
def do_forget() -> Response:
    """Go back to the network that the system itself has."""
    return _ask(forget=True)


def _ask(**values: Any) -> Response:
    try:
        services().recorder.ask("network", **values)
    except LeerblikError as error:
        status = 400 if isinstance(error, Permanent) else 409
        return make_response(_page(_again({"": refusal(error)})), status)
    return make_response(redirect(url_for("network.show"), 303))


def _asked() -> dict[str, Any]:
    asked: dict[str, Any] = {name: request.form.get(name, "") for name in ("kind", "method", "security")}
    for name in _TEXTS:
        text = request.form.get(name, "")
        # Spaces may belong to a network's name and to a password.
        asked[name] = text if name in ("ssid", *_SECRETS) else text.strip()
    asked["dns"] = request.form.get("dns", "").replace(",", " ").split()
    return asked


def _again(problems: Mapping[str, str]) -> Filled:
    """Return the form as it was, without what is secret."""
    values = [(name, text) for name, text in request.form.items() if name not in _SECRETS]
    return Filled(MultiDict(values), problems)


def _page(filled: Filled) -> str:
    status, answer = status_now(), _answer()
    return render_template(
        "it/network.html", filled=filled, pressed=press_left_s(status) > 0, host_name=socket.gethostname(),
        answer=answer, is_there=answer is not None, refresh_s=REFRESH_S,
        kinds=[(Kind.WIRED.value, _("Wired (a network cable)")), (Kind.WIRELESS.value, _("Wireless (Wi-Fi)"))],
        securities=[
            (Security.PERSONAL.value, _("One password for everybody (WPA2 or WPA3 personal)")),
            (Security.WPA3.value, _("One password for everybody, WPA3 only")),
            (Security.ENTERPRISE.value, _("An account for this device (WPA2 or WPA3 enterprise, PEAP with MSCHAPv2)")),
        ],
        methods=[(Method.DHCP.value, _("By itself (DHCP)")), (Method.FIXED.value, _("A fixed address"))],
    )  # fmt: skip


def _answer() -> Mapping[str, Any] | None:
    try:
        return services().recorder.ask("network")
    except LeerblikError:
        return None
