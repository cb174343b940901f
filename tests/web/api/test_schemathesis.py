"""A program that makes up requests out of the OpenAPI document, against the real device, in every role.

It takes its time: ``EXAMPLES=2``, which it is when nothing is said, is half a minute, ``EXAMPLES=100`` a quarter of an
hour (how many requests are made up for each operation, in each role).
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("flask", reason="flask is not installed here")
pytest.importorskip("gunicorn", reason="gunicorn is not installed here")
if importlib.util.find_spec("schemathesis") is None:
    pytest.skip("schemathesis is not installed here", allow_module_level=True)

from device.web.roles import Role
from tests.web.api.serving import Device

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("EXAMPLES") or "2")
LIMIT_S = 120 + 60 * EXAMPLES
# What fits a schema may still be against a rule of the register (422), or not be the moment for it (409).
SETTINGS = """\
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 401, 403, 404, 409, 413, 422, 429]
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 409, 413, 415, 422, 429]
"""
# The teacher first: the coach sends teachers away.
ROLES = (Role.TEACHER, Role.IT, Role.PUBLIC, Role.COACH)


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    made = Device(tmp_path_factory.mktemp("device"))
    try:
        made.start()
        made.record()
        yield made
    finally:
        made.stop()


@pytest.mark.timeout(LIMIT_S + 60)
@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.value)
def test_nothing_that_is_sent_gets_an_answer_that_is_not_described(
    role: Role, device: Device, tmp_path: Path
) -> None:
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(SETTINGS)
    phases = "coverage,fuzzing" if EXAMPLES < 10 else "coverage,fuzzing,stateful"
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings), "run"),
        *(f"{device.url}/api/v1/openapi.json", "--phases", phases, "--max-examples", str(EXAMPLES)),
        # Whose the requests are is decided here, not by made-up cookies beside a real token.
        *("--generation-with-security-parameters", "false", "--generation-database", "none"),
        *("--warnings", "off", "--no-color", "--continue-on-failure"),
        *(part for name, value in device.headers(role).items() for part in ("-H", f"{name}: {value}")),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "generated" in done.stdout
    # The recorder heard nothing of it.
    assert device.recorder.ask("status")["state"] == "idle"
