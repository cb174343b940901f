"""What IT sets on the page: the recorder judges it, wants a press for what redirects footage, and keeps it whole."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from device import config
from device.domain.errors import LeerblikError, Permanent, Refused, Temporary
from device.domain.overlay import ALLOWED, FILE_NAME, HARMLESS, REDIRECTING
from device.ports import Button, Edge
from device.recorder.assembly import overlay_of
from tests.domain.test_server_fields import ED25519, RIGHT, WRONG
from tests.support.material import COACH
from tests.support.recorder import Unit
from tests.web.real_recorder import RealRecorder

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
RECEIPT_KEY = base64.b64encode(KEY.public_bytes_raw()).decode()
ALL: dict[str, Any] = {
    "sync.host": "coach.school.example", "sync.port": 2222, "sync.user": "leerblik-room12", "sync.host_key": ED25519,
    "sync.inbox_dir": "in", "sync.receipts_dir": "out", "coach.receipt_key": RECEIPT_KEY,
    "sync.bandwidth_cap_bytes_per_s": 500_000, "sync.windows": ["16:00-07:00"], "sync.pause_while_recording": True,
}  # fmt: skip
PRESSED_NS = 10**9


class Device:
    """A recorder that answers, and a finger at it."""

    def __init__(self, root: Path, *, coach_key_present: bool = True, **written: Any) -> None:
        # Nothing is agreed: a press begins no lesson, so it counts.
        self.unit = Unit(root, agreed=None, written=written, coach_key_present=coach_key_present)
        self.file = root / "settings" / FILE_NAME
        self.ask = RealRecorder(self.unit).ask

    def press(self, *, by_hand: bool = True) -> None:
        for down in (True, False):
            self.unit.loop.edge(Edge(down, self.unit.clock.monotonic_ns(), by_hand=by_hand))
            item = self.unit.loop._inbox.get_nowait()
            assert item is not None
            self.unit.loop._handle(item)

    def value(self, name: str) -> Any:
        return self.ask("settings")["fields"][name]["value"]


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    made = Device(tmp_path)
    yield made
    made.unit.catalogue.close()


def test_after_a_press_everything_can_be_set_and_is_there_for_every_process(
    device: Device, tmp_path: Path
) -> None:
    device.press()
    answer = device.ask("settings", change=ALL)
    assert {name: each["value"] for name, each in answer["fields"].items()} == ALL
    assert {each["origin"] for each in answer["fields"].values()} == {"page"}
    assert device.file.stat().st_mode & 0o777 == 0o640
    (tmp_path / "x.toml").write_text(
        f'[device]\nname = "d"\nsettings_dir = "{tmp_path}/settings"\n[recorder]\ncamera = "synthetic"\n'
        '[sync]\nhost = ""\n'
    )
    settings = config.load(str(tmp_path / "x.toml"))
    for name, value in ALL.items():
        table, key = name.split(".")
        assert settings.table(table)[key] == value


@pytest.mark.parametrize("name", REDIRECTING)
def test_without_a_press_by_hand_nothing_that_redirects_footage_changes(device: Device, name: str) -> None:
    for pressed in (False, True):
        if pressed:
            device.press(by_hand=False)
        with pytest.raises(Refused, match="press the button"):
            device.ask("settings", change={**ALL, name: ALL[name]})
    device.press()
    device.unit.clock.pass_s(301)
    with pytest.raises(Refused, match="press the button"):
        device.ask("settings", change={name: ALL[name]})
    assert not device.file.exists()


@pytest.mark.parametrize(
    "edge", [{"button": Button.COVER}, {"button": Button.POWER}, {"who": "abc"}, {"at_ns": -1}]
)
def test_what_is_no_press_of_the_button_since_the_start_does_not_count(
    device: Device, edge: dict[str, Any]
) -> None:
    device.unit.loop._take_edge(Edge(**{"down": True, "at_ns": device.unit.clock.monotonic_ns(), **edge}))
    assert device.unit.loop.pressed_ago_ns is None


def test_a_press_for_a_lesson_means_nothing_else(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    for _ in range(2):
        unit.clock.pass_s(5)
        unit.loop._take_edge(Edge(True, unit.clock.monotonic_ns()))
        assert unit.loop.pressed_ago_ns is None
        unit.loop._take_edge(Edge(False, unit.clock.monotonic_ns()))
    unit.catalogue.close()


def test_what_only_concerns_the_line_needs_no_press(device: Device) -> None:
    device.ask("settings", change={name: ALL[name] for name in HARMLESS})
    assert device.value("sync.windows") == ALL["sync.windows"]


def test_the_same_values_again_need_no_press_and_an_empty_one_leaves_it_open_again(device: Device) -> None:
    device.press()
    device.ask("settings", change=ALL)
    device.unit.clock.pass_s(301)
    device.ask("settings", change={**ALL, "sync.windows": ""})
    assert device.value("sync.windows") == []
    with pytest.raises(Refused):
        device.ask("settings", change={"sync.host": ""})
    device.press()
    device.ask("settings", change={"sync.host": "", "sync.port": 22})
    fields = device.ask("settings")["fields"]
    assert (fields["sync.host"]["origin"], fields["sync.port"]["origin"]) == ("default", "default")


def test_what_stands_in_leerblik_toml_wins_and_is_not_changed_here(tmp_path: Path) -> None:
    device = Device(tmp_path, sync={"host": "nas.school.example", "host_key": ""})
    device.press()
    with pytest.raises(Refused, match=r"sync\.host: set in leerblik\.toml"):
        device.ask("settings", change=ALL)
    assert not device.file.exists()
    device.ask("settings", change={**ALL, "sync.host": "nas.school.example"})
    fields = device.ask("settings")["fields"]
    assert fields["sync.host"] == {"value": "nas.school.example", "origin": "file"}
    assert fields["sync.host_key"]["origin"] == "page"
    assert "nas.school.example" not in device.file.read_text()
    device.unit.catalogue.close()


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_changed(device: Device) -> None:
    device.press()
    with pytest.raises(Permanent) as caught:
        device.ask("settings", change={name: values[0] for name, values in WRONG.items()})
    assert all(name in str(caught.value) for name in WRONG)
    for change in ({"sync.key_file": "/etc/shadow"}, {"coach.recipient": "age1x"}, {"host": "x"}):
        with pytest.raises(Permanent, match=next(iter(change))):
            device.ask("settings", change=change)
    with pytest.raises(Permanent, match="object"):
        device.ask("settings", change=["x"])
    assert not device.file.exists()


CHANGES = st.dictionaries(
    st.sampled_from(ALLOWED),
    st.sampled_from([each for values in (*RIGHT.values(), *WRONG.values()) for each in values]),
)


@given(st.lists(CHANGES, max_size=5))
def test_whatever_is_asked_for_the_file_is_one_that_every_process_takes(
    tmp_path_factory: pytest.TempPathFactory, changes: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("device")
    toml = folder / "x.toml"
    toml.write_text(f'[device]\nname = "d"\nsettings_dir = "{folder}"\n[recorder]\ncamera = "synthetic"\n')
    overlay = overlay_of(config.load(str(toml)))
    for change in changes:
        before = overlay.describe()
        try:
            overlay.set(change, PRESSED_NS)
        except LeerblikError:
            assert overlay.describe() == before
        settings = config.load(str(toml))
        assert settings.overlay_problem == ""
        assert overlay_of(settings).describe() == overlay.describe()


def test_a_receipt_counts_from_the_moment_its_key_was_set(device: Device) -> None:
    assert device.unit.aftercare._receipt_key is None
    device.press()
    device.ask("settings", change={"coach.receipt_key": RECEIPT_KEY})
    key = device.unit.aftercare._receipt_key
    assert key is not None
    assert key.public_bytes_raw() == KEY.public_bytes_raw()


def test_the_keys_of_the_first_start_are_set_with_the_receipt_key_or_not_at_all(tmp_path: Path) -> None:
    device = Device(tmp_path, coach_key_present=False)
    keys = {"coach": str(COACH.to_public()), "recovery": ""}
    with pytest.raises(Refused):
        device.ask("keys", **keys, receipt=RECEIPT_KEY)
    device.press()
    with pytest.raises(Permanent):
        device.ask("keys", **keys, receipt="x")
    assert device.ask("keys") == {"ok": True, "coach": "", "recovery": "", "receipt": ""}
    assert device.ask("keys", **keys, receipt=RECEIPT_KEY)["receipt"] == RECEIPT_KEY
    device.unit.catalogue.close()


def test_a_card_that_refuses_says_so_and_the_old_values_stay(device: Device) -> None:
    device.file.parent.write_text("a file where the folder should be")
    device.press()
    with pytest.raises(Temporary, match="card refused"):
        device.ask("settings", change=ALL)
    assert device.value("sync.host") == ""


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "not valid JSON"),
        ('{"sync": {"key_file": "x"}}', "sync.key_file"),
        ('{"sync": {"port": 0}}', "sync.port"),
    ],
)
def test_a_damaged_file_counts_for_nothing_and_keeps_no_process_down(
    tmp_path: Path, text: str, named: str
) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    toml = tmp_path / "x.toml"
    toml.write_text(
        f'[device]\nname = "d"\nsettings_dir = "{tmp_path}"\n[sync]\nhost = "a"\n[recorder]\ncamera = "synthetic"\n'
    )
    settings = config.load(str(toml))
    assert named in settings.overlay_problem
    assert str(tmp_path / FILE_NAME) in settings.overlay_problem
    assert settings.table("sync")["host"] == "a"
    overlay = overlay_of(settings)
    assert named in overlay.describe()["problem"]
    overlay.set({"sync.windows": ["16:00-07:00"]}, None)
    assert overlay.describe()["problem"] == ""
    assert json.loads((tmp_path / FILE_NAME).read_text()) == {"sync": {"windows": ["16:00-07:00"]}}


def test_what_is_wrong_in_leerblik_toml_is_said_of_leerblik_toml(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('{"sync": {"port": 2222}}')
    toml = tmp_path / "x.toml"
    toml.write_text(f'[device]\nname = "d"\nsettings_dir = "{tmp_path}"\n[sync]\nhots = "a"\n')
    with pytest.raises(Permanent, match=r"x\.toml: unknown key sync\.hots"):
        config.load(str(toml))
