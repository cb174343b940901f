"""What is wiped, in this order: first the one key that could open footage here, last the key that signs the proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from device.domain.errors import Refused

_SYSTEM = (
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/opt",
    "/proc",
    "/root",
    "/sbin",
    "/sys",
    "/usr",
)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that is emptied and stays. ``secret``: its files are small, and overwritten before they go.

    ``only``: nothing goes but the files whose names, dots in front aside, begin with it; the rest is somebody else's.
    """

    name: str
    folder: Path
    secret: bool
    only: str = ""


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where a device keeps what. ``wiped`` is where the proof lies; ``spared`` are files that must stay.

    ``keyfiles`` is where NetworkManager keeps what it connects with; ours, with the Wi-Fi's password, begin with
    ``keyfiles_begin``.
    """

    runtime: Path
    own: Path
    settings: Path
    network: Path
    web: Path
    register: Path
    state: Path
    spool: Path
    ssh_key: Path
    wiped: Path
    keyfiles: Path
    keyfiles_begin: str
    spared: Sequence[Path] = ()

    def places(self) -> tuple[Place, ...]:
        """Return the folders in the order in which they are emptied.

        Without the review key, which lies in ``runtime``, nobody who has no key of the coach's can read footage here.
        """
        return (
            Place("memory", self.runtime, secret=True),
            Place("recorder", self.own, secret=True),
            Place("settings", self.settings, secret=True),
            Place("wifi", self.keyfiles, secret=True, only=self.keyfiles_begin),
            Place("network", self.network, secret=True),
            Place("web", self.web, secret=True),
            Place("register", self.register, secret=True),
            Place("state", self.state, secret=False),
            Place("spool", self.spool, secret=False),
        )

    def key_files(self) -> tuple[Path, ...]:
        """Return the halves of this device's SSH key."""
        return self.ssh_key, self.ssh_key.with_name(f"{self.ssh_key.name}.pub")

    def check(self) -> None:
        """Raise Refused when a slip in the configuration would have something else destroyed."""
        for place in self.places():
            if place.only:
                continue  # it is the system's, and stays but for what is ours
            folder = place.folder.resolve()
            system = any(folder.is_relative_to(each) for each in _SYSTEM)
            if system or len(folder.parts) < 3:
                raise Refused(f"{folder} ({place.name}) belongs to the system and is not wiped")
            for kept in (self.wiped, *self.spared):
                if kept.resolve().is_relative_to(folder):
                    raise Refused(f"{kept} lies in {folder} ({place.name}), which would be emptied")
