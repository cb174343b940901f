"""What gunicorn's worker loads: the pages, and all that they work with."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from flask import Flask

from device import systemd
from device.recorder.client import RecorderClient
from device.storage.register import RegisterBook
from device.web.accounts import Accounts
from device.web.app import create_app
from device.web.asking import Asking
from device.web.hosts import Hosts, names_of
from device.web.limits import Limits
from device.web.services import Services
from device.web.sessions import Sessions
from device.web.settings import DEVICE_NAME, FOLDER, HOSTS, LANGUAGE, REGISTER_DIR, RUNTIME_DIR, SPOOL_DIR

_ASK_TIMEOUT_S = 3.0


def application() -> Flask:
    """Make the application out of the environment that ``leerblik web`` left."""
    return create_app(services())


def services() -> Services:
    """Return the collaborators of a real device."""
    runtime = Path(os.environ[RUNTIME_DIR])
    recorder = RecorderClient(runtime, timeout_s=_ASK_TIMEOUT_S)
    return Services(
        recorder=recorder,
        book=RegisterBook(Path(os.environ[REGISTER_DIR])),
        spool=Path(os.environ[SPOOL_DIR]),
        runtime=runtime,
        asking=Asking(lambda: recorder.ask("status")),
        accounts=Accounts(Path(os.environ[FOLDER])),
        sessions=Sessions(),
        limits=Limits(),
        hosts=Hosts(names_of(socket.gethostname(), os.environ[HOSTS].split())),
        language=os.environ[LANGUAGE],
        device_name=os.environ[DEVICE_NAME],
        tls=systemd.credential("tls_cert") is not None,
    )
