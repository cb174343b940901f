"""What every test of the footage path tidies up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.writing import Writing


@pytest.fixture(autouse=True)
def _no_writer_is_left_behind() -> Iterator[None]:
    yield
    for writing in list(Writing.running):
        writing.stop()
