"""What gunicorn's worker loads: the page, and the way to the recorder."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask

from device.recorder.client import RecorderClient
from device.web.app import create_app
from device.web.asking import Asking
from device.web.settings import LANGUAGE, RUNTIME_DIR

_ASK_TIMEOUT_S = 3.0


def application() -> Flask:
    """Make the application out of the environment that ``leerblik web`` left."""
    recorder = RecorderClient(Path(os.environ[RUNTIME_DIR]), timeout_s=_ASK_TIMEOUT_S)
    return create_app(Asking(lambda: recorder.ask("status")), os.environ[LANGUAGE])
