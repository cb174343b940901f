"""What each setting of the coach's machine may look like, and the sentence for whoever filled it in wrongly.

All faults are found at once. The page says the sentences in the visitor's language, the recorder as they are here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any

from device.domain.errors import Permanent
from device.domain.host_key import read_host_key

HOST = "This is the name or the address of the coach's machine, such as coach.school.example or 10.1.2.3."
PORT = "The port is a number from 1 to 65535; SSH usually has 22."
USER = "This is an account such as leerblik-room12: letters, digits, dots and dashes."
HOST_KEY = (
    "Paste a line of ssh-keyscan or known_hosts of the coach's machine; it has ssh-ed25519 AAAA… in it."
)
FOLDER = "This is a folder such as inbox, or drop/inbox: letters, digits, dots, dashes, slashes, no '..'."
SAME_FOLDER = "Uploads and receipts lie in two different folders."
RECEIPT_KEY = "A receipt key has 44 characters and ends with =; 'leerblik inbox keys' prints it."
CAP = "This is a whole number of at least 0 (0: all of the line)."
WINDOWS = "Write times of day as 16:00-07:00, one on each line; 00:00-24:00 is all day."
YES_OR_NO = "This is yes or no."
SENTENCES = (HOST, PORT, USER, HOST_KEY, FOLDER, SAME_FOLDER, RECEIPT_KEY, CAP, WINDOWS, YES_OR_NO)
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*\.?")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}")
_FOLDER = re.compile(r"/?[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*/?")
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_WINDOW = re.compile(rf"({_TIME})-({_TIME}|24:00)")
_MOST_WINDOWS = 20
_MOST_BYTES_PER_S = 10**10


def faults(values: Mapping[str, Any]) -> dict[str, str]:
    """Return one of :data:`SENTENCES` for each value that is not possible, by full name; an empty text is."""
    found = {
        name: sentence
        for name, (is_right, sentence) in _CHECKS.items()
        if name in values and values[name] != "" and not is_right(values[name])
    }
    folders = values.get("sync.inbox_dir"), values.get("sync.receipts_dir")
    if folders[0] and folders[0] == folders[1]:
        found.setdefault("sync.receipts_dir", SAME_FOLDER)
    return found


def _is_host(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        ip_address(value)
    except ValueError:
        # Digits and dots alone were meant as an address.
        return _HOST.fullmatch(value) is not None and not re.fullmatch(r"[0-9.]+", value)
    return True


def _is_whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_folder(value: Any) -> bool:
    return (
        isinstance(value, str) and len(value) <= 200 and bool(_FOLDER.fullmatch(value)) and ".." not in value
    )


def _reads(read: Callable[[str], object]) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:
        try:
            return isinstance(value, str) and bool(read(value))
        except Permanent:
            return False

    return check


def _read_receipt_key(text: str) -> object:
    from device.domain.receipt import read_public_key  # a key library, which the page must not hold

    return read_public_key(text)


def _are_windows(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= _MOST_WINDOWS and all(map(_is_window, value))


def _is_window(value: Any) -> bool:
    match = _WINDOW.fullmatch(value) if isinstance(value, str) else None
    return match is not None and match[1] != match[3]


_CHECKS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "sync.host": (_is_host, HOST),
    "sync.port": (_is_whole(1, 65535), PORT),
    "sync.user": (_matches(_USER), USER),
    "sync.host_key": (_reads(read_host_key), HOST_KEY),
    "sync.inbox_dir": (_is_folder, FOLDER),
    "sync.receipts_dir": (_is_folder, FOLDER),
    "sync.bandwidth_cap_bytes_per_s": (_is_whole(0, _MOST_BYTES_PER_S), CAP),
    "sync.windows": (_are_windows, WINDOWS),
    "sync.pause_while_recording": (lambda value: isinstance(value, bool), YES_OR_NO),
    "coach.receipt_key": (_reads(_read_receipt_key), RECEIPT_KEY),
}
