"""The folder of films: each is joined under a hidden name and appears when it is whole."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from device.domain.errors import Temporary
from device.domain.identifiers import is_ulid
from device.domain.manifest import Manifest
from server_sync.inbox.disk import Disk, disk_errors, require_room, same_content
from server_sync.inbox.join import join
from server_sync.inbox.keys import UnlockedKeys
from server_sync.inbox.library import card_of, open_sealed

_LOG = logging.getLogger(__name__)


class Films:
    """Makes films out of sealed recordings. A film that exists is never touched."""

    def __init__(self, folder: Path, keys: UnlockedKeys, language: str, disk: Disk | None = None) -> None:
        self._folder = folder
        self._keys = keys
        self._language = language
        self._disk = disk or Disk()

    def path(self, manifest: Manifest) -> Path:
        """Return where the film of a recording stands."""
        return self._folder / card_of(manifest).film_name

    def hidden_path(self, manifest: Manifest) -> Path:
        """Return where the film is joined before it has its name."""
        return self._folder / f".{manifest.recording}.part"

    @contextmanager
    def joined(self, manifest: Manifest, sealed_folder: Path, part: Path) -> Iterator[Path | None]:
        """Join a film under its hidden name; hand that out, or None when there is no picture at all.

        It is removed afterwards unless :meth:`publish` gave it its name. Permanent when the footage is
        damaged, Temporary when there is no room.
        """
        try:
            with disk_errors("joining a film"):
                part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                require_room(part.parent, card_of(manifest).size_bytes)
                part.unlink(missing_ok=True)
                self._disk.write_new(part, b"", 0o600)
            yield part if self._join(manifest, sealed_folder, part) else None
        finally:
            part.unlink(missing_ok=True)

    def publish(self, part: Path, final: Path) -> None:
        """Give a joined film its name. Temporary when another film has it: somebody must look."""
        with disk_errors("publishing a film"):
            try:
                self._disk.publish_file(part, final)
            except FileExistsError:
                if not same_content(part, final):
                    raise Temporary(
                        f"{final} exists and is another film; move it away, it is tried again"
                    ) from None

    def sweep(self) -> None:
        """Remove what a power cut left half joined."""
        with disk_errors("tidying the films"):
            for part in self._folder.glob(".*.part"):
                if is_ulid(part.name[1:-5]):
                    self._disk.remove(part)

    def _join(self, manifest: Manifest, sealed_folder: Path, part: Path) -> bool:
        made = join(manifest, lambda s: open_sealed(sealed_folder, s, self._keys), part, self._language)
        for name in made.truncated:
            _LOG.warning("segment %s of %s ends early; what is whole is kept", name, manifest.recording)
        with disk_errors("joining a film"):
            self._disk.sync_file(part)
        return made.video_packets > 0
