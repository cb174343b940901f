"""What every test of the teacher's pages begins with."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("flask", reason="flask is not installed here")

from tests.web.teacher.school import School


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path)
