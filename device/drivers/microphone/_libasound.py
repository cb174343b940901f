"""What we need of the system's ALSA library, called directly.

Directly, because libav's sound input reads in a call that cannot be given up, repairs an overrun without a
word and stamps by the wall clock; and pyalsaaudio (0.10 in Debian 13) cannot tell how much lies unread behind
a converter, and has no wheels. These calls are as old as ALSA 1.0; they cost 1 MB and no package.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from device.domain.errors import Temporary

PERIOD_S = 0.04
BUFFER_S = 1.0

_CAPTURE = 1
_NONBLOCK = 1
_INTERLEAVED = 3
_S16_LE = 2
_ErrorHandler = ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
)
# What went wrong is said in our own sentences; left alone, the library prints a line at each attempt.
_say_nothing = _ErrorHandler(lambda *_: None)


@lru_cache
def _library() -> Any:
    try:
        library = ctypes.CDLL("libasound.so.2")
    except OSError as error:
        raise Temporary(
            "the system's ALSA library is missing; install libasound2 (Debian 13: libasound2t64)"
        ) from error
    library.snd_strerror.restype = ctypes.c_char_p
    library.snd_pcm_readi.restype = ctypes.c_long
    library.snd_pcm_readi.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong]
    library.snd_lib_error_set_handler(_say_nothing)
    return library


class Pcm:
    """An open capture device that delivers signed 16-bit samples, channels interleaved.

    No call waits longer than it is told to, as far as the device's driver keeps to that. ``name`` is ALSA's
    (``plughw:CARD=Device``), ``label`` the one a person reads in errors.
    """

    def __init__(self, name: str, label: str, rate_hz: int, channels: int) -> None:
        self._library = _library()
        self._label = label
        self._frame_bytes = 2 * channels
        self._frames = round(rate_hz * PERIOD_S)
        self._buffer = ctypes.create_string_buffer(self._frames * self._frame_bytes)
        self._pcm = ctypes.c_void_p()
        self._check(
            self._library.snd_pcm_open(ctypes.byref(self._pcm), os.fsencode(name), _CAPTURE, _NONBLOCK),
            "cannot be opened",
        )
        try:
            self._configure(rate_hz, channels)
            self._run()
        except BaseException:
            self.close()
            raise

    def read(self, timeout_s: float) -> bytes | None:
        """Return what came, at most :data:`PERIOD_S` of it; nothing after ``timeout_s``; None: samples were lost.

        Temporary when the device is gone or broken.
        """
        code = self._library.snd_pcm_wait(self._pcm, round(timeout_s * 1000))
        if code == 0:
            return b""
        if code > 0:
            code = self._library.snd_pcm_readi(self._pcm, self._buffer, self._frames)
        if code == -errno.EAGAIN:
            return b""
        if code == -errno.EPIPE:
            self._run()
            return None
        self._check(code, "was pulled out or broke")
        return self._buffer.raw[: code * self._frame_bytes]

    def unread(self) -> int:
        """Return how many samples were taken by the device and not read yet."""
        delay = ctypes.c_long(0)
        if self._library.snd_pcm_delay(self._pcm, ctypes.byref(delay)) < 0:
            return 0
        return max(0, delay.value)

    def close(self) -> None:
        """Close the device. Harmless twice."""
        pcm, self._pcm = self._pcm, ctypes.c_void_p()
        if pcm:
            self._library.snd_pcm_close(pcm)

    def _configure(self, rate_hz: int, channels: int) -> None:
        set_near = {
            "rate": rate_hz,
            "buffer_time": round(BUFFER_S * 1e6),
            "period_time": round(PERIOD_S * 1e6),
        }
        problem = f"cannot deliver {rate_hz} samples per second in {channels} channel(s)"
        with self._parameters() as parameters:
            self._check(self._library.snd_pcm_hw_params_any(self._pcm, parameters), problem)
            for what, value in (("access", _INTERLEAVED), ("format", _S16_LE), ("channels", channels)):
                call = getattr(self._library, f"snd_pcm_hw_params_set_{what}")
                self._check(call(self._pcm, parameters, value), problem)
            for what, wanted in set_near.items():
                call = getattr(self._library, f"snd_pcm_hw_params_set_{what}_near")
                got = ctypes.c_uint(wanted)
                self._check(call(self._pcm, parameters, ctypes.byref(got), None), problem)
                if what == "rate" and got.value != rate_hz:
                    raise Temporary(f"the microphone {self._label} {problem}")
            self._check(self._library.snd_pcm_hw_params(self._pcm, parameters), problem)

    @contextlib.contextmanager
    def _parameters(self) -> Iterator[ctypes.c_void_p]:
        parameters = ctypes.c_void_p()
        self._check(self._library.snd_pcm_hw_params_malloc(ctypes.byref(parameters)), "needs memory")
        try:
            yield parameters
        finally:
            self._library.snd_pcm_hw_params_free(parameters)

    def _run(self) -> None:
        self._check(self._library.snd_pcm_prepare(self._pcm), "cannot be prepared")
        self._check(self._library.snd_pcm_start(self._pcm), "cannot be started")

    def _check(self, code: int, problem: str) -> None:
        if code < 0:
            reason = self._library.snd_strerror(code).decode(errors="replace")
            raise Temporary(f"the microphone {self._label} {problem}: {reason}")
