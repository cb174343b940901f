"""The one door to the pins: gpiozero is imported when the first pin is asked for, and speaks in our errors.

gpiozero's own choice of a chip falls back from one library to the next, with a warning each, down to
writing raw memory; here it is lgpio or nothing, unless ``GPIOZERO_PIN_FACTORY`` names another.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from device.domain.errors import Permanent, Temporary

_log = logging.getLogger(__name__)


def open_pin(kind: str, pin: str, where: str, pin_factory: Any = None, **options: Any) -> Any:
    """Return gpiozero's device of a kind (a class name) on a pin, such as ``GPIO17`` or ``BOARD11``.

    ``where`` is the setting that names the pin. Temporary when there is no GPIO chip or the pin is taken,
    Permanent for a pin that does not exist or a library that is not installed.
    """
    gpiozero = _library()
    try:
        factory = _chip() if pin_factory is None else pin_factory
        return getattr(gpiozero, kind)(pin, pin_factory=factory, **options)
    except gpiozero.PinInvalidPin:
        raise Permanent(f"{where}: there is no pin '{pin}' here; for example GPIO17") from None
    except (gpiozero.PinFixedPull, gpiozero.PinInvalidPull, gpiozero.PinPWMUnsupported) as error:
        raise Permanent(f"{where}: pin {pin} cannot do this ({error}); choose another pin") from None
    except gpiozero.PinUnknownPi:
        raise Temporary(
            f"{where}: pin {pin} cannot be used: this is not a Raspberry Pi, or its GPIO is out of reach"
        ) from None
    except (gpiozero.GPIOZeroError, OSError, *_chip_errors()) as error:
        raise Temporary(
            f"{where}: pin {pin} cannot be used ({error}); "
            "check that this is a Pi, that no other program uses the pin, and the group gpio"
        ) from None


def close_pin(device: Any) -> None:
    """Let go of a pin, also when its chip is gone. Harmless twice."""
    try:
        device.close()
    except (_library().GPIOZeroError, OSError, *_chip_errors()) as error:
        _log.warning("%r could not be closed: %s", device, error)


def switch_off(device: Any) -> None:
    """Make an output dark or silent and let go of it: a pin that was only let go may float. Harmless twice."""
    try:
        if not device.closed:
            device.off()
    except (_library().GPIOZeroError, OSError, *_chip_errors()) as error:
        _log.warning("%r could not be switched off: %s", device, error)
    close_pin(device)


def _library() -> Any:
    try:
        import gpiozero
    except ImportError:
        raise Permanent("gpiozero is not installed; on a Pi: apt install python3-gpiozero") from None
    return gpiozero


@functools.cache
def _chip() -> Any:
    """Return the chip that all drivers share, or None: gpiozero takes what the environment names.

    A chip that cannot be had is not remembered: it is looked for again with the next pin.
    """
    if os.environ.get("GPIOZERO_PIN_FACTORY"):
        return None
    try:
        with _lgpio_kept_in_its_folder():
            from gpiozero.pins.lgpio import LGPIOFactory
    except ImportError:
        raise Permanent("lgpio is not installed; on a Pi: apt install python3-lgpio") from None
    return LGPIOFactory()


@contextlib.contextmanager
def _lgpio_kept_in_its_folder() -> Iterator[None]:
    """Let lgpio put its ``.lgd-nfy*`` pipes where they belong, and undo that it moves the whole process there."""
    runtime = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    os.environ.setdefault("LG_WD", runtime or tempfile.gettempdir())
    before = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield
    finally:
        os.fchdir(before)
        os.close(before)


def _chip_errors() -> tuple[type[Exception], ...]:
    """Return lgpio's own error, which is no OSError; nothing while lgpio was not needed."""
    lgpio = sys.modules.get("lgpio")
    return (lgpio.error,) if lgpio is not None else ()
