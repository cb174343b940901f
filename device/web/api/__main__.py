"""Prints the OpenAPI document: ``python -m device.web.api > device/web/api/openapi.json``."""

from __future__ import annotations

import sys

from device.web.api.blueprint import OPERATIONS
from device.web.api.openapi import text_of

sys.stdout.write(text_of(OPERATIONS))
