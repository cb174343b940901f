"""gunicorn's settings for the web page, for ``gunicorn --config python:device.web.server``.

The names in lower case are gunicorn's. What this device was told comes through the environment, so that
no process that serves ever loads the configuration; nor does gunicorn's first process load the page.
"""

from __future__ import annotations

import os
import time

from device import systemd
from device.memory import give_back
from device.web.hashing import keep_large_blocks_apart
from device.web.rest import Rest
from device.web.settings import BIND
from device.web.worker import MOST_GUESTS, PatientWorker

_ALIVE_EVERY_S = 5.0


class AliveWorker(PatientWorker):
    """The worker that answers also feeds systemd's watchdog, out of the loop that takes connections."""

    _alive_due_s = 0.0
    _rest = Rest()

    def notify(self) -> None:
        """Say that the loop went round: to gunicorn's first process, and now and then to systemd."""
        super().notify()
        now_s = time.monotonic()
        if now_s >= self._alive_due_s:
            self._alive_due_s = now_s + _ALIVE_EVERY_S
            systemd.alive()
        self._rest.look(now_s, self.nr)


def when_ready(server: object) -> None:
    """Let the first process, which only looks after the one that serves, hold no more than it needs."""
    give_back()


def post_worker_init(worker: object) -> None:
    """Say in ``systemctl status`` that pages are served."""
    keep_large_blocks_apart()
    give_back()
    systemd.status(f"serving the status page on {os.environ[BIND]}")


def _tls(name: str) -> str | None:
    path = systemd.credential(name)
    return None if path is None else str(path)


wsgi_app = "device.web.wsgi:application()"
bind = os.environ[BIND]
# One process with eight threads answers at once however many pages stand open, and stays small.
workers = 1
worker_class = AliveWorker
threads = 8
# A worker whose loop stands still is replaced before systemd's watchdog would replace everything.
timeout = 30
graceful_timeout = 5
keepalive = 5
umask = 0o077
# The worker itself lets the one go that waited longest before it comes to this many.
worker_connections = 2 * MOST_GUESTS
limit_request_fields = 60
limit_request_field_size = 4096
# Nobody stands in front of it, so nobody may say over which way a visitor came.
forwarded_allow_ips = ""
certfile = _tls("tls_cert")
keyfile = _tls("tls_key")
# Who looked at the page is nobody's business.
accesslog = None
loglevel = "warning"
control_socket_disable = True
