"""Where the coach's passphrase comes from: the terminal or a descriptor. Never arguments, never environment."""

from __future__ import annotations

import getpass
import os
import sys

from device.domain.errors import Permanent, Refused
from device.domain.passphrase import check_new_passphrase

_MAX_BYTES = 4096


def read_passphrase(fd: int | None) -> str:
    """Return the passphrase from a descriptor (its first line), or ask for it once on the terminal."""
    return _ask("Passphrase of the coach's key: ") if fd is None else _from_fd(fd)


def choose_passphrase(fd: int | None) -> str:
    """Return a new passphrase: from a descriptor, or asked for twice on the terminal."""
    passphrase = read_passphrase(fd) if fd is not None else _ask("New passphrase: ")
    check_new_passphrase(passphrase)
    if fd is None and _ask("The same passphrase again: ") != passphrase:
        raise Refused("the two passphrases are not the same; nothing was made")
    return passphrase


def _from_fd(fd: int) -> str:
    data = b""
    try:
        while len(data) <= _MAX_BYTES and b"\n" not in data:
            block = os.read(fd, _MAX_BYTES)
            if not block:
                break
            data += block
    except OSError as error:
        raise Permanent(f"the passphrase cannot be read from descriptor {fd}: {error.strerror}") from None
    return _checked(data.split(b"\n", 1)[0].removesuffix(b"\r"))


def _checked(line: bytes) -> str:
    if len(line) > _MAX_BYTES:
        raise Permanent(f"the passphrase is longer than {_MAX_BYTES} bytes")
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise Permanent("the passphrase is not UTF-8 text") from None
    if not text:
        raise Refused("the passphrase is empty")
    return text


def _ask(prompt: str) -> str:
    # Without a terminal getpass would read it, visibly, from whatever standard input is.
    if not sys.stdin.isatty():
        raise Refused("there is no terminal to ask for the passphrase; give it with --passphrase-fd N")
    try:
        return _checked(getpass.getpass(prompt).encode())
    except EOFError:
        raise Refused("no passphrase was given") from None
