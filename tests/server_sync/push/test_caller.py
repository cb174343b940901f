"""What was withdrawn: its order goes out once, and only the coach's own certificate for it makes it destroyed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.destruction import Reason
from device.domain.identifiers import is_ulid
from device.domain.lifecycle import Status
from device.domain.receipt import Receipt, sign_receipt
from device.domain.withdrawal import Certificate, read_certificate, sign_certificate
from device.storage.catalogue import fresh_ulid, new_order
from server_sync.push.caller import Caller
from server_sync.push.names import ORDER_SUFFIX, answers_to_order, order_ulid
from tests.server_sync.push.house import KEY, STRANGER, PlugPulled, PushHouse

AT = "2030-03-04T10:00:00Z"
OTHER = "01J00000000000000000000001"
SEALED = b"a sealed order"


class Called(PushHouse):
    """A house whose one recording was delivered and then taken back."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.loop.run_once()
        self.answer(self.receipt())
        self.loop.run_once()
        self.take_back()

    def take_back(self) -> None:
        order = new_order(SEALED, Reason.TEACHER.value, AT)
        self.recorder.endings.withdraw(self.recordings[0], order, "taken back")

    def orders(self) -> list[str]:
        """Return the names of the orders that lie whole in the drop box."""
        return [name for name, data in self.inbox().items() if name.endswith(ORDER_SUFFIX) and data == SEALED]

    def certificate(self) -> Certificate:
        """Return what a coach would say of the order that the device counts on."""
        return Certificate(
            recording=self.recordings[0],
            order_object=order_ulid(self.name()),
            order_sha256=new_order(SEALED, "", "").sha256,
            manifest_sha256=self.recording.manifest_sha256 or "",
            reason=Reason.TEACHER,
            objects=4,
            size_bytes=4000,
            film=True,
            destroyed_at=AT,
        )

    def later(self, days: float, *, settings_changed_s: float = 0.0) -> None:
        """Let the sync's clock be so many days ahead, and its settings changed then."""
        self.caller = Caller(
            self.sync, self.transport, KEY.public_key(), fresh_ulid, self._check_may_go_on,
            settings_changed_s=settings_changed_s, now_s=lambda: time.time() + days * 86_400,
        )  # fmt: skip
        self.loop._caller = self.caller

    def name(self) -> str:
        name = self.sync.endings.sent_as(self.recordings[0])
        assert name is not None
        return name

    def certify(self, certificate: Certificate, key: Ed25519PrivateKey = KEY) -> None:
        path = self.box / "receipts" / answers_to_order(self.name())[0]
        path.write_bytes(sign_certificate(certificate, key))

    def refuse(self, problem: str, key: Ed25519PrivateKey = KEY, **changes: object) -> None:
        receipt = Receipt(
            self.recordings[0], order_ulid(self.name()), new_order(SEALED, "", "").sha256, accepted=False,
            resend=(), problem=problem, objects=0, size_bytes=0, received_at=AT,
        )  # fmt: skip
        path = self.box / "receipts" / answers_to_order(self.name())[1]
        path.write_bytes(sign_receipt(replace(receipt, **changes), key))  # type: ignore[arg-type]

    @property
    def certificates(self) -> dict[str, bytes]:
        return self.recorder.endings.certificates(self.recordings)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Called]:
    made = Called(tmp_path)
    yield made
    made.close()


def test_from_withdrawn_to_destroyed_with_a_word_for_every_moment(house: Called) -> None:
    house.loop.run_once()
    (name,) = house.orders()
    assert is_ulid(order_ulid(name))
    assert house.recordings[0] not in name
    words = "waiting for the coach's machine to destroy 1 recording(s), with proof"
    assert house.state() == ("waiting", words)
    house.certify(house.certificate())
    assert house.loop.run_once() == 5.0
    assert house.recording.status is Status.DESTROYED
    assert house.state() == ("ok", "nothing to send")
    assert read_certificate(house.certificates[house.recordings[0]], KEY.public_key()).film


def test_an_order_goes_out_once(house: Called) -> None:
    for _ in range(3):
        house.loop.run_once()
    house.restart()
    house.loop.run_once()
    assert len(house.orders()) == 1


def test_what_is_not_answered_for_a_week_goes_again_once_under_a_new_name(house: Called) -> None:
    house.loop.run_once()
    house.later(6.9)
    for _ in range(3):
        house.loop.run_once()
    assert len(house.orders()) == 1
    first = house.name()
    house.later(7.1)
    house.loop.run_once()
    house.later(0.0)
    for _ in range(3):
        house.loop.run_once()
    assert len(house.orders()) == 2
    assert house.name() != first
    house.certify(house.certificate())
    house.loop.run_once()
    assert house.recording.status is Status.DESTROYED


def test_an_answer_that_came_late_counts_though_a_week_is_over(house: Called) -> None:
    house.loop.run_once()
    house.certify(house.certificate())
    house.later(8.0)
    house.loop.run_once()
    assert house.recording.status is Status.DESTROYED
    assert len(house.orders()) == 1


def test_after_the_settings_changed_it_goes_again_once_whatever_answer_of_another_machine_lies_there(
    house: Called,
) -> None:
    house.loop.run_once()
    house.certify(house.certificate(), STRANGER)
    house.restart()
    house.later(0.0, settings_changed_s=time.time())
    for _ in range(4):
        house.loop.run_once()
        house.loop._not_before_s.clear()  # what was put off is not waited for here
    assert len(house.orders()) == 2


def test_a_clock_that_is_behind_the_settings_does_not_send_orders_without_end(house: Called) -> None:
    house.later(0.0, settings_changed_s=time.time() + 1e6)
    for _ in range(4):
        house.loop.run_once()
    assert len(house.orders()) == 1


def test_without_an_order_nothing_is_sent_and_it_goes_when_there_is_one(tmp_path: Path) -> None:
    house = PushHouse(tmp_path)
    house.loop.run_once()
    house.answer(house.receipt())
    house.loop.run_once()
    house.recorder.recordings.move(house.recordings[0], Status.WITHDRAWN)
    before = set(house.inbox())
    house.loop.run_once()
    assert set(house.inbox()) == before
    house.recorder.endings.add(house.recordings[0], new_order(SEALED, "teacher", AT))
    house.loop.run_once()
    assert len(house.inbox()) == len(before) + 1
    house.close()


@settings(max_examples=15, deadline=None)
@given(deaths=st.lists(st.integers(0, 6), min_size=1, max_size=6))
def test_killed_anywhere_it_goes_on_and_no_name_is_used_twice(
    deaths: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    house = Called(tmp_path_factory.mktemp("called"))
    before = len(house.transport.puts)
    for death in [*deaths, None, None]:
        sent = house.sync.endings.sent_as(house.recordings[0])
        house.transport.left = death
        try:
            house.loop.run_once()
        except PlugPulled:
            house.restart()
        # What the server was known to have is not sent again.
        assert sent is None or house.sync.endings.sent_as(house.recordings[0]) in (sent, None)
        if house.recording.status is Status.WITHDRAWN and house.sync.endings.sent_as(house.recordings[0]):
            house.certify(house.certificate())
    assert house.recording.status is Status.DESTROYED
    names = house.transport.puts[before:]
    assert len(set(names)) == len(names)
    assert all(name.endswith(ORDER_SUFFIX) for name in names)
    house.close()


WRONG: dict[str, Callable[[Certificate], Certificate]] = {
    "another recording": lambda it: replace(it, recording=OTHER),
    "another order": lambda it: replace(it, order_object=OTHER),
    "another order's bytes": lambda it: replace(it, order_sha256="f" * 64),
    "another manifest": lambda it: replace(it, manifest_sha256="f" * 64),
}


@pytest.mark.parametrize("lie", WRONG)
def test_a_certificate_for_something_else_changes_nothing(house: Called, lie: str) -> None:
    house.loop.run_once()
    house.certify(WRONG[lie](house.certificate()))
    _check_not_counted(house, "belongs to something else")


def test_a_certificate_of_a_stranger_changes_nothing(house: Called) -> None:
    house.loop.run_once()
    house.certify(house.certificate(), STRANGER)
    _check_not_counted(house, "signature")


@pytest.mark.parametrize("data", [b"", b"rubbish", b"{}", b"\xff" * 100])
def test_what_is_no_certificate_changes_nothing(house: Called, data: bytes) -> None:
    house.loop.run_once()
    (house.box / "receipts" / answers_to_order(house.name())[0]).write_bytes(data)
    _check_not_counted(house, "certificate")


def test_an_accepting_receipt_is_no_proof_that_something_is_gone(house: Called) -> None:
    house.loop.run_once()
    house.refuse("", accepted=True)
    _check_not_counted(house, "belongs to something else")


def test_a_refusal_of_a_stranger_changes_nothing(house: Called) -> None:
    house.loop.run_once()
    house.refuse("no", STRANGER)
    _check_not_counted(house, "signature")


def _check_not_counted(house: Called, words: str) -> None:
    other = house.add(1)
    house.loop.run_once()
    state, message = house.state()
    assert state == "problem"
    assert words in message
    assert house.recording.status is Status.WITHDRAWN
    assert house.certificates == {}
    assert len(house.orders()) == 1
    # The others go on.
    assert [send.confirmed for send in house.sync.sends.of(other)] == [True, True]


def test_what_the_coach_refuses_stays_to_be_seen_and_is_asked_again_much_later(house: Called) -> None:
    house.loop.run_once()
    house.refuse("this inbox never took it in")
    for _ in range(3):
        house.loop.run_once()
        state, message = house.state()
        assert state == "problem"
        assert "this inbox never took it in; ask the coach to look" in message
    assert house.recording.status is Status.WITHDRAWN
    assert len(house.orders()) == 1
    house.restart()  # as after hours: the new order has a new name
    house.loop.run_once()
    assert len(house.orders()) == 2
    house.certify(house.certificate())
    house.loop.run_once()
    assert house.state()[0] == "ok"
    assert house.certificates


def test_while_a_lesson_is_recorded_no_order_is_sent(house: Called) -> None:
    house.film(OTHER)
    house.loop.run_once()
    assert house.orders() == []
