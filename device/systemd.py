"""What a process tells systemd: that it is ready, how it is, that it lives; and what happened, in the journal.

Everything here does nothing outside systemd, so that the same process runs in a terminal and in a test.
Only the main process of a unit is listened to (``NotifyAccess=main``).
"""

from __future__ import annotations

import contextlib
import enum
import functools
import importlib
import logging
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

_TALKATIVE = ("paramiko", "asyncssh")
_FIELD_PREFIX = "LEERBLIK_"
_NO_CREDENTIAL = b"none"


class Happening(enum.Enum):
    """What the journal can be searched for: ``journalctl MESSAGE_ID=...``, explained by ``journalctl -x``.

    A value never changes once it was released: IT's filters and ``deploy/systemd/leerblik.catalog`` name it.
    """

    RECORDING_STARTED = "d37de9f5df2340829a12603aa1fb4860"
    RECORDING_STOPPED = "401ac34b89c64ab699507ec339aa954f"
    RECORDING_RESUMED = "c6d335f9781841b8b65af19c60e76394"
    REFUSED = "a28dc231117f4491b10d3eccfab8de8b"
    MARKED = "345470dd3bae439f97509d435a436b18"
    BLANKED = "a372fda3267e43d2b99fefe07a366dcb"
    UNBLANKED = "83f382c6b46d413087854ec7a8504a2c"
    DISCARDED = "0e62adfea0c64bca8c0eac5007ff39cb"
    HELD = "015c661c39db4c028e64338106662c3d"
    RELEASED = "22fc280b85544e3599f77d6080459803"
    PURGED = "1d9bcdfa3863494d9a4904c514c3c6af"
    CAMERA_MISSING = "1efebcd328e7445aaae94c682453399c"
    CAMERA_LOST = "4a2138c016ba401ca43f38c9fda5d087"
    CAMERA_BACK = "57c55ccae19d414e8e14464b167ec1f6"
    MICROPHONE_MISSING = "1cca445265e944d1aecbc5fbed14052d"
    MICROPHONE_LOST = "162f7212e3ca4c8d86f5833dd369dfbf"
    MICROPHONE_BACK = "435c480a511344a8923a21e1eeee3b82"
    SOUND_SILENT = "dcf24f1aeba4416ca379c1a3f286cb8c"
    SOUND_CLIPPING = "1431aa97b0aa40959597ab16e4d45c4e"
    SOUND_FINE = "f92e2263dabd4187a8983617c43115ff"
    TRIGGER_MISSING = "9fca9c6e09474d77b2a46f3c40ecc8e8"
    INDICATOR_MISSING = "59785b99cf734d7998f77edfac8e6f69"
    PART_BACK = "47ab8440918e48b58853d0c4124c2510"
    CARD_NEARLY_FULL = "82093613f73a4132a42e6686452c02c2"
    ENDING_SOON = "2db621f64d824fb7984575ae4212cf4b"
    CARD_STALLS = "db6b074c70ba4ee191c939117b34acb7"
    CARD_GOES_ON = "5dd65b4fa32b4681937fdc6507f730ec"
    CARD_FAILED = "979879341b924a03a832bbd7e989913d"
    PICTURES_DROPPED = "f00051b2a08949efab8681cceb6d8bea"
    PRIVACY_FAILED = "979a847dcddf41aba68beae981fd3112"
    AIM_OPENED = "2e587ff93e0e497a9ef4b93f264221d3"
    WARM_OPENED = "cb1cde547be4469e9c439b67256a7901"
    WARM_CLOSED = "5e9fc6f678d44a019fba58c3309391cb"
    AIM_CLOSED = "4abd3a8351ca4dfa8be7c2cff54dd621"
    CLOCK_TRUSTED = "50521289e6a24e44a99b246d8ebc1ea2"
    CLOCK_CORRECTED = "1d8035fda47547afb20b1704c0422157"
    POWER_OFF = "7b1a37698e044689adfe7da9ac0c764b"
    CLAIMED = "f8edb761225441049b2837e00ddd1f52"
    WITHDRAWN = "3ce9e2f8a56f45a89d4a7ea7217462ea"
    REGISTER_DAMAGED = "7da0e88f808248688b3eef5f0f31a450"
    ANNOUNCED = "d4fa9416942146ba88813de41636afd1"
    ANNOUNCEMENT_CANCELLED = "f6693850ec7b47c4b2452477ad088b9e"
    CRASHED = "c15097624b1a46d5a01d4e3e794dabe2"
    SENT = "a105e24d362e4cf38e41312180af6fcd"
    DELIVERED = "7b93eaa1e9d84a2fb65374fb2a72ee38"
    SEND_REFUSED = "eb09ae373b39478289f1a6a4c412696f"
    DESTROYED = "f5ea1bd13f1c49b08ee686f80d8a8084"
    WIPE_ARMED = "225bba94a6e347258bdfc8167cbff6f2"
    WIPE_CANCELLED = "e4382e0822634ebbbbb37389a4198dd2"
    WIPE_ORDERED = "f8861017030c4207a4831df1f219eb39"
    WIPED = "b315ebce9b284df78d83020b6d287b21"
    WIPE_UNFINISHED = "a6886025de874152850da13fe2443cba"


def ready() -> None:
    """Say that the process does its work now; units that come after it may start."""
    _notify("READY=1")


def status(sentence: str) -> None:
    """Say in one line how it is; ``systemctl status`` shows it."""
    _notify(f"STATUS={' '.join(sentence.split())}")


def alive() -> None:
    """Say that the loop which does the work went round once more; see :func:`watchdog_s`."""
    _notify("WATCHDOG=1")


def stopping() -> None:
    """Say that the process ends of its own accord or was asked to."""
    _notify("STOPPING=1")


def watchdog_s() -> float | None:
    """Return how long systemd waits for :func:`alive` before it kills, in seconds; None when it does not.

    Call :func:`alive` at least twice as often.
    """
    meant_for = os.environ.get("WATCHDOG_PID")
    if meant_for is not None and meant_for != str(os.getpid()):
        return None
    with contextlib.suppress(ValueError):
        wait_us = int(os.environ.get("WATCHDOG_USEC", ""))
        return wait_us / 1e6 if wait_us > 0 else None
    return None


def credential(name: str) -> Path | None:
    """Return the file of a credential that systemd handed over (``LoadCredential=name:...``); None without one.

    A unit may say ``SetCredential=name:none`` for a file that need not be there; that counts as none.
    """
    path = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nonexistent")) / name
    with contextlib.suppress(OSError):
        return None if path.read_bytes().strip() == _NO_CREDENTIAL else path
    return None


@contextlib.contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Ask systemd to wait so long for :func:`alive` while something slow is done, such as opening a camera."""
    usual_s = watchdog_s()
    if usual_s is None:
        yield
        return
    _notify(f"WATCHDOG_USEC={round(seconds * 1e6)}\nWATCHDOG=1")
    try:
        yield
    finally:
        _notify(f"WATCHDOG_USEC={round(usual_s * 1e6)}\nWATCHDOG=1")


def happened(
    logger: logging.Logger,
    happening: Happening,
    sentence: str,
    *,
    level: int = logging.INFO,
    **fields: object,
) -> None:
    """Log a sentence that can be found by what happened.

    In the journal it carries ``MESSAGE_ID`` and each field as ``LEERBLIK_<NAME>``: ``recording="..."``
    becomes ``LEERBLIK_RECORDING``. Never a name of a person: the journal leaves the device.
    """
    extra = {f"{_FIELD_PREFIX}{name.upper()}": str(value) for name, value in fields.items()}
    logger.log(level, sentence, extra={"MESSAGE_ID": happening.value, **extra}, stacklevel=2)


def set_up_logging(process: str, *, verbose: bool = False) -> None:
    """Log to the journal with its fields when it is there to listen, else to standard error.

    ``process`` is the subcommand; in the journal it is found as ``leerblik-<process>``.
    """
    journal = _library("systemd.journal") if _stderr_is_the_journal() else None
    handler: logging.Handler
    if journal is not None:
        handler = journal.JournalHandler(SYSLOG_IDENTIFIER=f"leerblik-{process}")
        line = "%(message)s"  # level and logger are fields of their own
    else:
        handler = logging.StreamHandler(sys.stderr)
        line = "%(levelname)s %(name)s: %(message)s" if verbose else "%(message)s"
    handler.setFormatter(logging.Formatter(line))
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler])
    for talkative in _TALKATIVE:
        logging.getLogger(talkative).setLevel(logging.WARNING if verbose else logging.CRITICAL)


def _notify(message: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    daemon = _library("systemd.daemon")
    # A systemd that does not listen must not end a lesson: its watchdog says so soon enough.
    with contextlib.suppress(OSError):
        if daemon is not None:
            daemon.notify(message)
        else:
            _send(address, message)


def _send(address: str, message: str) -> None:
    """Send one datagram, as systemd describes it in sd_notify(3)."""
    abstract = f"\0{address[1:]}" if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.sendto(message.encode(), abstract)


def _stderr_is_the_journal() -> bool:
    """Tell whether the journal reads our standard error: it may have been redirected since."""
    try:
        stderr = os.fstat(2)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{stderr.st_dev}:{stderr.st_ino}"


@functools.cache
def _library(name: str) -> ModuleType | None:
    """Import a part of systemd-python; it exists only where apt installed it."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
