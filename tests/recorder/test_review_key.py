"""The review key lives in memory only."""

from __future__ import annotations

import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest

from device.recorder.review_key import NAME, is_in_memory, review_recipient

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # memory is what is asked for


@pytest.fixture
def memory() -> Iterator[Path]:
    if not is_in_memory(SHARED_MEMORY):
        pytest.skip("this machine has no folder in memory at /dev/shm")
    folder = Path(tempfile.mkdtemp(dir=SHARED_MEMORY))
    yield folder
    shutil.rmtree(folder)


def test_a_folder_on_a_disk_gets_no_key() -> None:
    here = Path(__file__).parent
    if is_in_memory(here):
        pytest.skip("this checkout lies in memory")
    assert review_recipient(here) is None
    assert not (here / NAME).exists()


def test_a_boot_has_one_key_that_others_cannot_read(memory: Path) -> None:
    recipient = review_recipient(memory)
    assert recipient is not None
    assert review_recipient(memory) == recipient
    assert stat.S_IMODE((memory / NAME).stat().st_mode) & 0o007 == 0
    identity = pyrage.x25519.Identity.from_str((memory / NAME).read_text("ascii").strip())
    assert str(identity.to_public()) == recipient


@pytest.mark.parametrize("rubbish", ["", "AGE-SECRET-KEY-1", "\udcff"])
def test_a_key_that_a_killed_recorder_left_half_written_is_replaced(memory: Path, rubbish: str) -> None:
    (memory / NAME).write_text(rubbish, "utf-8", errors="surrogateescape")
    recipient = review_recipient(memory)
    assert recipient is not None
    assert review_recipient(memory) == recipient
