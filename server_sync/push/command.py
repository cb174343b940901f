"""``leerblik sync``: puts the sync together."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from device import config, systemd
from device.domain.errors import Permanent, Refused, Temporary
from device.domain.lifecycle import Writer
from device.domain.overlay import FILE_NAME as OVERLAY_NAME
from device.domain.receipt import read_public_key
from device.memory import give_back
from device.storage.catalogue import FILE_NAME, Catalogue, fresh_ulid
from server_sync.push.anew import Ending, TryOut, changed_s, mark_of, watch
from server_sync.push.caller import Caller
from server_sync.push.loop import PROCESS, SyncLoop
from server_sync.push.rest import hear_endings, start_anew, wait
from server_sync.push.transport.contract import Transport
from server_sync.push.transport.late import Late
from server_sync.push.transport.retry import Backoff, Retrying
from server_sync.push.transport.throttle import Throttled
from server_sync.push.transport.window import Windowed
from server_sync.push.uploader import Uploader
from server_sync.stopping import Stopping

_CATALOGUE_RETRY_S = 0.5
_FOREVER_S = 3600.0
_log = logging.getLogger(__name__)

SUMMARY = "run the sync: push released recordings to the coach's machine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--config", metavar="FILE", help=f"configuration (default {config.DEFAULT_PATH})")
    parser.add_argument("--once", action="store_true", help="do what there is to do now, then end")


def run(arguments: argparse.Namespace) -> int:
    """Run until SIGTERM or Ctrl-C."""
    overlay = _overlay(arguments.config)
    mark = mark_of(overlay)  # before it is read: a change meanwhile is then seen as one
    settings = config.load(arguments.config)
    device, sync, coach = (settings.table(name) for name in ("device", "sync", "coach"))
    stopping = Ending()
    hear_endings(stopping)
    missing = settings.overlay_problem or _missing(sync, coach)
    if missing and arguments.once:
        raise Permanent(missing)
    watch(overlay, mark, stopping)
    if missing:
        return _wait_for_settings(Path(device["state_dir"]) / FILE_NAME, missing, stopping)
    backoff = Backoff(
        first_s=sync["retry_first_s"], limit_s=max(sync["retry_first_s"], sync["retry_limit_s"])
    )
    bare = Late(_transport_maker(sync))
    transport = _wrap(bare, sync, backoff, stopping)
    systemd.ready()
    with _open_catalogue(Path(device["state_dir"]) / FILE_NAME, stopping) as catalogue:
        loop: SyncLoop
        try_out = TryOut(transport, fresh_ulid(), mark)
        receipt_key = read_public_key(coach["receipt_key"])

        def may_go_on() -> None:
            loop.check_may_go_on()  # made below

        uploader = Uploader(
            catalogue, Path(device["spool_dir"]), transport, receipt_key, fresh_ulid, may_go_on
        )
        caller = Caller(
            catalogue, transport, receipt_key, fresh_ulid, may_go_on,
            settings_changed_s=changed_s(overlay),
        )  # fmt: skip
        loop = SyncLoop(
            catalogue, uploader, caller, transport, backoff, sync["poll_interval_s"], stopping,
            pause_while_recording=sync["pause_while_recording"],
            all_sent=lambda: start_anew(stopping) if bare.is_made else None,
            try_out=try_out, idle=lambda: try_out.words,
        )  # fmt: skip
        if not arguments.once:
            give_back()
            loop.run()
            start_anew(stopping.told)
            # Not before: whoever says so and begins anew instead is killed by systemd.
            systemd.stopping()
            return 0
        loop.run_once()
        state = next(p for p in catalogue.processes.all() if p.process == PROCESS)
        return Refused.exit_code if state.state == "refused" else 0


def _overlay(given: str | None) -> Path | None:
    """Return where IT's settings of the page lie, whether there are any yet or not."""
    folder = config.settings_folder(config.load(given))
    return None if folder is None else folder / OVERLAY_NAME


def _missing(sync: dict[str, Any], coach: dict[str, Any]) -> str:
    """Return in a sentence what must be filled in before anything can be sent; "" when nothing."""
    needed = ("local_dir",) if sync["transport"] == "local" else ("host", "host_key")
    missing = [f"sync.{key}" for key in needed if not sync[key]]
    missing += [] if coach["receipt_key"] else ["coach.receipt_key"]
    if not missing:
        return ""
    words = f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
    return f"{words}: IT fills that in on the page (Coach's machine) or in leerblik.toml"


def _wait_for_settings(path: Path, missing: str, stopping: Ending) -> int:
    """Say what is missing until somebody fills it in, then begin anew."""
    systemd.ready()
    systemd.status(missing)
    _log.warning("%s", missing)
    with _open_catalogue(path, stopping) as catalogue:
        catalogue.processes.write(PROCESS, "waiting", missing)
        give_back()
        while not wait(stopping, _FOREVER_S):
            pass
        start_anew(stopping.told)
    return 0


def _open_catalogue(path: Path, stopping: Stopping) -> Catalogue:
    """Open the catalogue; at the first start of a device the recorder may be about to make it."""
    said = False
    while True:
        try:
            return Catalogue(path, Writer.SYNC)
        except Temporary as error:
            if not said:
                _log.warning("%s; trying again", error)
                systemd.status(str(error))
            said = True
            if wait(stopping, _CATALOGUE_RETRY_S):
                raise


def _wrap(bare: Transport, sync: dict[str, Any], backoff: Backoff, stopping: Stopping) -> Transport:
    """Return the transport with the wrappers of the settings."""
    wrapped: Transport = Retrying(bare, backoff, attempts=2, sleep=_sleep_until(stopping))
    if sync["bandwidth_cap_bytes_per_s"]:
        wrapped = Throttled(wrapped, sync["bandwidth_cap_bytes_per_s"])
    return Windowed(wrapped, sync["windows"]) if sync["windows"] else wrapped


def _sleep_until(stopping: Stopping) -> Callable[[float], None]:
    """Return a sleep that ends at once, and for good, when the sync is told to stop."""

    def sleep(seconds: float) -> None:
        if wait(stopping, seconds):
            raise Temporary("the sync is being stopped")

    return sleep


def _transport_maker(sync: dict[str, Any]) -> Callable[[], Transport]:
    """Return what makes the transport of the settings."""
    return lambda: _local(sync) if sync["transport"] == "local" else _sftp(sync)


def _local(sync: dict[str, Any]) -> Transport:
    from server_sync.push.transport.local import LocalTransport

    return LocalTransport(Path(sync["local_dir"]))


def _sftp(sync: dict[str, Any]) -> Transport:
    # Imported here: an SSH library is large, and most of the day there is nothing to send.
    from server_sync.push.transport.sftp import SftpTransport

    return SftpTransport(
        host=sync["host"],
        port=sync["port"],
        user=sync["user"],
        host_key=sync["host_key"],
        key_file=_key_file(Path(sync["key_file"])),
        inbox_dir=sync["inbox_dir"],
        receipts_dir=sync["receipts_dir"],
        connect_timeout_s=sync["connect_timeout_s"],
        operation_timeout_s=sync["operation_timeout_s"],
    )


def _key_file(path: Path) -> Path:
    """Return where the key really is: the unit hands it over as a credential of the same name."""
    return systemd.credential(path.name) or path
