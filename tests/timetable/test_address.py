"""Where a timetable may be fetched from: the internet, and what IT named; never the school's network by itself."""

from __future__ import annotations

import pytest

from device.domain.errors import Permanent, Refused, Temporary
from device.timetable.address import Place, Policy, check, is_public, resolve

NOTHING = Policy()


def test_an_address_for_calendars_is_https() -> None:
    place = Place("https", "rooster.example", 443, "/feeds/abc?week=1")
    assert check("webcal://rooster.example/feeds/abc?week=1#top", NOTHING) == place
    assert check("https://rooster.example:443/feeds/abc?week=1", NOTHING) == place


def test_http_is_fetched_only_when_it_allows_it() -> None:
    with pytest.raises(Refused, match="https only"):
        check("http://rooster.example/", NOTHING)
    assert check("http://rooster.example", Policy(http=True)) == Place("http", "rooster.example", 80, "/")


def test_another_port_is_fetched_only_from_a_host_that_it_named() -> None:
    with pytest.raises(Refused, match="port 443 only"):
        check("https://rooster.example:8443/", NOTHING)
    assert check("https://rooster.example:8443/", Policy(inside=frozenset({"rooster.example"}))).port == 8443


@pytest.mark.parametrize("url", [
    "", "rooster", "file:///etc/passwd", "ftp://rooster.example/", "gopher://rooster.example/", "//rooster.example/",
    "https://", "https://abc:geheim@rooster.example/", "https://rooster.example/a b", "https://a.example/\r\nX: 1",
    "https://rooster.example:99999/", "https://[::1/", "https://ròoster.example/", "https://x.example/" + "a" * 2000,
])  # fmt: skip
def test_what_is_no_such_address_is_refused(url: str) -> None:
    with pytest.raises(Permanent, match="timetable's address"):
        check(url, NOTHING)


@pytest.mark.parametrize("address", [
    "127.0.0.1", "127.8.8.8", "0.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.2.1", "224.0.0.251", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
    "fd12:3456::1", "ff02::fb", "::ffff:192.168.1.1", "64:ff9b::c0a8:101", "2002:c0a8:0101::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1",
])  # fmt: skip
def test_an_address_that_is_not_of_the_public_internet_is_known_as_such(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_an_address_of_the_public_internet_is_known_as_such(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "::1", "2130706433", "0x7f000001", "127.1", "0", "[::]"]
)
def test_whatever_name_stands_for_this_device_it_is_not_asked(host: str) -> None:
    with pytest.raises((Refused, Temporary)):
        resolve(Place("https", host.strip("[]"), 443, "/"), NOTHING)


def test_a_host_that_it_named_may_be_anywhere() -> None:
    assert resolve(Place("https", "127.0.0.1", 443, "/"), Policy(inside=frozenset({"127.0.0.1"}))) == [
        "127.0.0.1"
    ]
