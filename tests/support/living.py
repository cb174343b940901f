"""A recorder that lives: its loop runs, its control socket answers, its button can be pressed."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

from device.recorder.control import SOCKET_NAME, ControlServer
from tests.support.recorder import Unit
from tests.support.waiting import LIMIT_S


class Living(Unit):
    """A unit for commands to talk to, and the configuration that leads them to it."""

    @property
    def config(self) -> Path:
        """The configuration of this device."""
        path = self.root / "leerblik.toml"
        path.write_text(
            f'[device]\nname = "d"\nruntime_dir = "{self.root}"\n[recorder]\ncamera = "synthetic"\n', "utf-8"
        )
        return path


@contextlib.contextmanager
def living(folder: Path) -> Iterator[Living]:
    """Let a recorder live in a folder; its lens is closed when this ends."""
    made: Future[Living] = Future()
    thread = threading.Thread(target=_live, args=(folder, made), name="recorder")
    thread.start()
    unit = made.result(LIMIT_S)
    server = ControlServer(folder / SOCKET_NAME, unit.loop.ask)
    server.start()
    try:
        yield unit
    finally:
        unit.loop.stop()
        thread.join()
        server.close()
    assert not unit.lens.open


def _live(folder: Path, made: Future[Living]) -> None:
    """Build it where it will run: its catalogue belongs to one thread."""
    try:
        unit = Living(folder)
    except BaseException as error:
        made.set_exception(error)
        raise
    made.set_result(unit)
    unit.loop.run()
