"""The last resort: silence ends a wait that has no limit of its own."""

from __future__ import annotations

import socket

from server_sync.push.transport.watchdog import Watchdog


def test_silence_ends_a_wait_for_ever() -> None:
    ours, theirs = socket.socketpair()
    with Watchdog(0.05, lambda: ours.shutdown(socket.SHUT_RDWR)) as watchdog:
        assert ours.recv(1) == b""
    assert watchdog.fired
    ours.close()
    theirs.close()


def test_a_sign_of_life_puts_it_off() -> None:
    ours, theirs = socket.socketpair()
    with Watchdog(0.5, lambda: ours.shutdown(socket.SHUT_RDWR)) as watchdog:
        theirs.sendall(b"alive")
        for _ in range(5):
            assert ours.recv(1)
            watchdog.feed()
        first_deadline_s = watchdog._deadline_s
        watchdog.feed()
        assert watchdog._deadline_s >= first_deadline_s
    assert not watchdog.fired
    ours.close()
    theirs.close()


def test_it_is_silent_after_the_work_is_done() -> None:
    calls: list[str] = []
    with Watchdog(60, lambda: calls.append("called")):
        pass
    assert calls == []
