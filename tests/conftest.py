"""How hypothesis runs here. The net under a hanging test is pytest's timeout, in pyproject.toml."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# No deadline and no "too slow": they measure the machine's load, not the rule. A failure prints the line
# that replays it. `HYPOTHESIS_PROFILE=thorough make check` looks longer; `brief` is for where the same rules run a
# second time, on another Python.
settings.register_profile(
    "house", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("house"), max_examples=2000)
settings.register_profile("brief", settings.get_profile("house"), max_examples=10)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))
