"""Sealed objects are read in a stream, and damage is told from a recorder that was killed."""

from __future__ import annotations

import io
import subprocess
import tracemalloc
from pathlib import Path

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.errors import Permanent, Temporary
from server_sync.inbox.unseal import Unsealed, unseal_bytes

IDENTITY = pyrage.x25519.Identity.generate()
OTHER = pyrage.x25519.Identity.generate()
PLAIN = bytes(range(256)) * 1024  # four whole chunks
SEALED = pyrage.encrypt(PLAIN, [OTHER.to_public(), IDENTITY.to_public()])
HEADER_BYTES = SEALED.index(b"\n", SEALED.index(b"\n--- ") + 1) + 1
CHUNK_BYTES = 64 << 10


def unsealed(data: bytes, *, tolerant: bool = False) -> Unsealed:
    return Unsealed(io.BytesIO(data), IDENTITY, "the object", tolerant=tolerant)


def _descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def read_all(source: Unsealed) -> bytes:
    return b"".join(iter(lambda: source.read(10_000), b""))


def test_what_the_age_command_sealed_is_read_back(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(PLAIN)
    subprocess.run(
        ["age", "-r", str(IDENTITY.to_public()), "-o", "sealed.age", "plain"], cwd=tmp_path, check=True
    )
    with unsealed((tmp_path / "sealed.age").read_bytes()) as source:
        assert read_all(source) == PLAIN
        source.finish()
        assert not source.truncated


@settings(deadline=None, max_examples=60)
@given(kept=st.integers(0, len(SEALED) - 1))
def test_an_object_that_was_cut_anywhere_gives_its_whole_chunks_and_says_so(kept: int) -> None:
    check_cut(kept)


def test_an_object_that_was_cut_within_its_header_holds_nothing_and_says_so() -> None:
    for kept in range(HEADER_BYTES + 40):
        check_cut(kept)


def check_cut(kept: int) -> None:
    with unsealed(SEALED[:kept], tolerant=True) as source:
        plain = read_all(source)
        source.finish()
        assert source.truncated
    payload_bytes = kept - HEADER_BYTES - 16
    whole = max(0, payload_bytes) // (CHUNK_BYTES + 16)
    assert plain == PLAIN[: len(plain)]
    assert len(plain) >= (whole - 1) * CHUNK_BYTES
    if payload_bytes % (CHUNK_BYTES + 16):
        assert len(plain) == whole * CHUNK_BYTES


@settings(deadline=None, max_examples=60)
@given(at=st.integers(0, len(SEALED) - 1), bit=st.integers(0, 7))
def test_one_flipped_bit_anywhere_is_damage_when_the_object_should_be_whole(at: int, bit: int) -> None:
    damaged = bytearray(SEALED)
    damaged[at] ^= 1 << bit
    with unsealed(bytes(damaged)) as source, pytest.raises(Permanent):
        source.finish()


@pytest.mark.parametrize("tolerant", [False, True])
def test_an_object_for_another_key_says_so_in_either_mode(tolerant: bool) -> None:
    sealed = pyrage.encrypt(PLAIN, [OTHER.to_public()])
    with (
        unsealed(sealed, tolerant=tolerant) as source,
        pytest.raises(Permanent, match="not sealed to this coach"),
    ):
        source.finish()
    with pytest.raises(Permanent, match="not sealed to this coach"):
        unseal_bytes(sealed, IDENTITY, "the manifest")


def test_a_disk_that_fails_while_reading_is_not_mistaken_for_damage() -> None:
    class FailingDisk(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 100_000:
                raise OSError(5, "Input/output error")
            return super().read(size)

    with (
        Unsealed(FailingDisk(SEALED), IDENTITY, "it", tolerant=True) as source,
        pytest.raises(Temporary, match="disk"),
    ):
        source.finish()


def test_closing_early_leaves_no_thread_and_no_descriptor() -> None:
    before = _descriptors()
    for _ in range(5):
        with unsealed(SEALED) as source:
            assert source.read(10) == PLAIN[:10]
    assert _descriptors() == before


def test_memory_does_not_grow_with_the_object() -> None:
    sealed = io.BytesIO(pyrage.encrypt(bytes(32 << 20), [IDENTITY.to_public()]))
    tracemalloc.start()
    try:
        with Unsealed(sealed, IDENTITY, "it", tolerant=False) as source:
            source.finish()
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()
