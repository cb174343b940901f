"""A keyboard of its own: found by name among Linux's input devices, and grabbed so that nobody else hears it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Protocol

from device.domain.errors import Permanent, Temporary

_EV_KEY, _DOWN = 1, 1


class Keyboard(Protocol):
    """What types. ``fileno`` can be waited on."""

    def fileno(self) -> int:
        """Return the file that becomes readable when a key was pressed."""
        ...

    def pressed(self) -> list[int]:
        """Return the codes of the keys that went down since the last call; OSError when it was unplugged."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def find_keyboard(name: str) -> Keyboard:
    """Return the keyboard of this name (or a part of it), or on this path below ``/dev/input``, grabbed.

    Temporary when it is not there or another program has grabbed it, Permanent without python-evdev.
    """
    try:
        import evdev
    except ImportError:
        raise Permanent("evdev is not installed; on a Pi: apt install python3-evdev") from None
    problem = "it is not plugged in, or this account is not in the group input"
    for device in _candidates(evdev, name):
        try:
            device.grab()
        except OSError as error:
            problem = f"another program has taken it ({error})"
            device.close()
        else:
            return _Grabbed(device)
    raise Temporary(f"the badge reader '{name}' cannot be used: {problem}")


def _candidates(evdev: Any, name: str) -> Iterator[Any]:
    for path in [name] if name.startswith("/") else sorted(evdev.list_devices()):
        with contextlib.suppress(OSError):  # unplugged since it was listed
            device = evdev.InputDevice(path)
            if path == name or name.casefold() in device.name.casefold():
                yield device
            else:
                device.close()


class _Grabbed:
    def __init__(self, device: Any) -> None:
        self._device = device

    def fileno(self) -> int:
        return int(self._device.fd)

    def pressed(self) -> list[int]:
        try:
            events = list(self._device.read())
        except BlockingIOError:
            return []
        return [event.code for event in events if event.type == _EV_KEY and event.value == _DOWN]

    def close(self) -> None:
        with contextlib.suppress(OSError):  # closing lets go of the grab, too
            self._device.close()
