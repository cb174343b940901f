"""What gunicorn's worker loads: the pages, and all that they work with."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from flask import Flask

from device import systemd
from device.recorder.client import RecorderClient
from device.storage.register import RegisterBook
from device.timetable.address import Policy
from device.web import timetables
from device.web.accounts import Accounts
from device.web.api.bearer import Bearer
from device.web.api.tokens import Tokens
from device.web.app import create_app
from device.web.asking import Asking
from device.web.first_start import pages as first_start_pages
from device.web.first_start.plan import chosen_language
from device.web.hosts import Hosts, names_of
from device.web.it import effective
from device.web.it import pages as it_pages
from device.web.it import wipe as wipe_pages
from device.web.it.diary import Diary
from device.web.limits import Limits
from device.web.services import Services
from device.web.sessions import Sessions
from device.web.settings import (
    DEVICE_NAME,
    FOLDER,
    HOSTS,
    LANGUAGE,
    REGISTER_DIR,
    RUNTIME_DIR,
    SPOOL_DIR,
    TIMETABLE_HOSTS,
    TIMETABLE_HTTP,
    WIPED_DIR,
)

_ASK_TIMEOUT_S = 3.0


def application() -> Flask:
    """Make the application out of the environment that ``leerblik web`` left."""
    made = services()
    app = create_app(made)
    folder = Path(os.environ[FOLDER])
    first_start_pages.prepare(app, folder)
    diary = Diary(RecorderClient(made.runtime).events)
    diary.start()
    it_pages.prepare(app, os.environ.get(effective.ENVIRONMENT, ""), diary)
    wipe_pages.prepare(app, Path(os.environ[WIPED_DIR]))
    inside = frozenset(os.environ.get(TIMETABLE_HOSTS, "").split())
    timetables.prepare(app, folder, Policy(http=bool(os.environ.get(TIMETABLE_HTTP)), inside=inside))
    return app


def services() -> Services:
    """Return the collaborators of a real device."""
    runtime = Path(os.environ[RUNTIME_DIR])
    recorder = RecorderClient(runtime, timeout_s=_ASK_TIMEOUT_S)
    folder = Path(os.environ[FOLDER])
    limits = Limits()
    return Services(
        recorder=recorder,
        book=RegisterBook(Path(os.environ[REGISTER_DIR])),
        spool=Path(os.environ[SPOOL_DIR]),
        runtime=runtime,
        asking=Asking(lambda: recorder.ask("status")),
        accounts=Accounts(folder),
        sessions=Sessions(),
        limits=limits,
        token_holder=Bearer(Tokens(folder), limits),
        hosts=Hosts(names_of(socket.gethostname(), os.environ[HOSTS].split())),
        language=chosen_language(folder) or os.environ[LANGUAGE],
        device_name=os.environ[DEVICE_NAME],
        tls=systemd.credential("tls_cert") is not None,
    )
