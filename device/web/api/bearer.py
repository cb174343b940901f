"""Whom a machine's token stands for, and how often a wrong one may be tried."""

from __future__ import annotations

from flask import request
from werkzeug.exceptions import TooManyRequests

from device.web.api.metrics import PATH
from device.web.api.operation import BASE
from device.web.api.tokens import Tokens
from device.web.limits import Key, Limits, address_key
from device.web.phrases import N_
from device.web.roles import Actor

_WAIT = N_("There were too many wrong tokens: wait a little and try again.")


class Bearer:
    """Plugs in as ``Services.token_holder``."""

    def __init__(self, tokens: Tokens, limits: Limits) -> None:
        self.tokens = tokens
        self._limits = limits

    def __call__(self, token: str) -> Actor | None:
        """Return who asks; None for a token that is none. Raises 429 when that happened too often.

        A token opens the API and the metrics, and no page: what pages ask a person to confirm, a machine cannot.
        """
        if request.path != PATH and not request.path.startswith(f"{BASE}/"):
            return None
        found = self.tokens.find(token)
        if found is not None:
            # Right is right, however often somebody behind the same address was wrong.
            return Actor(found.role)
        # Counted apart: a machine with an old token must not keep people from logging in.
        address = address_key(request.remote_addr or "")
        wait_s = self._limits.begin(Key(f"token {address.name}", address.pace))
        if wait_s > 0:
            raise TooManyRequests(_WAIT, retry_after=int(wait_s) + 1)
        return None
