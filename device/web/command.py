"""``leerblik web``: reads the configuration, then becomes gunicorn, which serves the page."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path

from device import config, systemd
from device.web.accounts import Accounts
from device.web.first_start import command as actions
from device.web.it.effective import ENVIRONMENT, effective
from device.web.settings import (
    BIND,
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

SUMMARY = "run the pages of this device, or prepare their first start"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--config", metavar="FILE", help=f"configuration (default {config.DEFAULT_PATH})")
    actions.add_actions(parser)


def run(arguments: argparse.Namespace) -> int:
    """Become gunicorn; the process id stays, so systemd sees one process from start to end."""
    if arguments.action:
        return actions.run(arguments)
    settings = config.load(arguments.config)
    # What cannot be understood is said here, where systemd learns that a person must act.
    Accounts(Path(settings.table("web")["dir"]))
    os.environ.update(environment(settings))
    print(greeting(settings), flush=True)
    # Nothing but standard gunicorn; -P keeps the folder it was started in from lending it modules.
    words = [sys.executable, "-P", "-m", "gunicorn", "-c", "python:device.web.server"]
    return os.execv(sys.executable, words)  # noqa: S606  # ourselves


def greeting(settings: config.Config) -> str:
    """Return where a browser finds the page."""
    web = settings.table("web")
    scheme = "http" if systemd.credential("tls_cert") is None else "https"
    if web["address"] in ("0.0.0.0", "::"):  # noqa: S104  # compared, not listened on
        return f"the status page is on {scheme}://{socket.gethostname()}:{web['port']}/ and on every address of it"
    return f"the status page is on {scheme}://{_host(web['address'])}:{web['port']}/"


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def environment(settings: config.Config) -> dict[str, str]:
    """Return what the serving process is told."""
    device, web = settings.table("device"), settings.table("web")
    return {
        BIND: f"{_host(web['address'])}:{web['port']}",
        RUNTIME_DIR: device["runtime_dir"],
        REGISTER_DIR: device["register_dir"],
        SPOOL_DIR: device["spool_dir"],
        WIPED_DIR: device["wiped_dir"],
        LANGUAGE: device["language"],
        DEVICE_NAME: device["name"],
        FOLDER: web["dir"],
        HOSTS: " ".join(web["hosts"]),
        TIMETABLE_HOSTS: " ".join(web["timetable_hosts"]),
        TIMETABLE_HTTP: "yes" if web["timetable_http"] else "",
        ENVIRONMENT: effective(settings),
    }
