"""Fetching from a real server on this machine, which answers well, badly, slowly and without end."""

from __future__ import annotations

import ipaddress
import ssl
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from device.domain.errors import Permanent, Refused, Temporary
from device.timetable.address import Policy
from device.timetable.fetch import Bounds, Fetched, Known, fetch
from tests.support.timetable_server import Answer, School

INSIDE = Policy(http=True, inside=frozenset({"127.0.0.1"}))
FEED = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
SHORT = Bounds(size_bytes=100_000, time_s=0.4)


def says(status: int = 200, body: bytes = FEED, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in ({"Content-Length": str(len(body))} | named).items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def test_a_feed_comes_with_what_the_server_calls_it(school: School) -> None:
    school.answers["/feed?geheim=1"] = says(ETag='"v1"', Last_Modified="Mon, 14 Sep 2026 06:00:00 GMT")
    assert fetch(f"{school.url}/feed?geheim=1", None, INSIDE) == Fetched(
        FEED, Known('"v1"', "Mon, 14 Sep 2026 06:00:00 GMT")
    )
    _, headers = school.asked[0]
    assert headers["Accept-Encoding"] == "identity"
    assert "If-None-Match" not in headers
    assert "Cookie" not in headers


def test_what_did_not_change_is_not_sent_again(school: School) -> None:
    school.answers["/feed"] = says(304, b"")
    known = Known('"v1"', "Mon, 14 Sep 2026 06:00:00 GMT")
    assert fetch(f"{school.url}/feed", known, INSIDE) is None
    _, headers = school.asked[0]
    assert (headers["If-None-Match"], headers["If-Modified-Since"]) == (known.etag, known.last_modified)


def test_a_redirect_on_the_same_host_is_followed(school: School) -> None:
    school.answers["/old"] = says(301, b"", Location="/new?x=1")
    school.answers["/new?x=1"] = says()
    fetched = fetch(f"{school.url}/old", None, INSIDE)
    assert fetched is not None
    assert fetched.data == FEED


@pytest.mark.parametrize("elsewhere", [
    "file:///etc/passwd", "https://127.0.0.1/feed", "http://127.0.0.1:1/feed", "http://localhost/feed",
    "http://rooster.example/feed", "ftp://127.0.0.1/feed", "http://[::1/", "",
])  # fmt: skip
def test_a_redirect_to_anywhere_else_is_not_followed(school: School, elsewhere: str) -> None:
    school.answers["/old"] = says(302, b"", Location=elsewhere)
    with pytest.raises((Refused, Permanent), match=r"somewhere else|on and on"):
        fetch(f"{school.url}/old", None, INSIDE)


def test_redirects_in_a_circle_come_to_an_end(school: School) -> None:
    school.answers["/a"] = says(302, b"", Location="/b")
    school.answers["/b"] = says(302, b"", Location="/a")
    with pytest.raises(Permanent, match="on and on"):
        fetch(f"{school.url}/a", None, INSIDE)
    assert len(school.asked) == 4


def test_the_page_is_no_way_to_this_device_or_into_the_schools_network(school: School) -> None:
    school.answers["/feed"] = says()
    with pytest.raises(Refused, match="port 80 only"):
        fetch(f"{school.url}/feed", None, Policy(http=True))
    for host in ("127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]"):
        with pytest.raises(Refused, match="own network"):
            fetch(f"https://{host}/feed", None, Policy(http=True))
    assert school.asked == []


def test_a_proxy_of_the_environment_is_not_used(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    school.answers["/feed"] = says()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert fetch(f"{school.url}/feed", None, INSIDE) is not None


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, Permanent),
        (403, Permanent),
        (404, Permanent),
        (410, Permanent),
        (429, Temporary),
        (500, Temporary),
    ],
)
def test_an_error_of_the_server_is_told_without_the_secret_of_the_address(
    school: School, status: int, error: type[Exception]
) -> None:
    school.answers["/feed?geheim=1"] = says(status, b"nee")
    with pytest.raises(error, match=str(status)) as caught:
        fetch(f"{school.url}/feed?geheim=1", None, INSIDE)
    assert "geheim" not in str(caught.value)


def test_a_body_without_end_is_cut_off_at_its_size(school: School) -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while not school.closing.is_set():
            request.wfile.write(b"X" * 65536)

    school.answers["/feed"] = endless
    with pytest.raises(Permanent, match="more than 100 kB"):
        fetch(f"{school.url}/feed", None, INSIDE, Bounds(size_bytes=100_000, time_s=20))


@pytest.mark.slow
@pytest.mark.parametrize("length", ["", "100000"])
@pytest.mark.parametrize("slow_from", ["status", "header", "body"])
def test_a_server_that_drips_is_cut_off_in_time(school: School, slow_from: str, length: str) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        head = b"HTTP/1.1 200 OK\r\n" + (f"Content-Length: {length}\r\n".encode() if length else b"")
        start = {"status": 0, "header": len(head), "body": len(head) + 2}[slow_from]
        whole = head + (b"X-Slow: " if slow_from == "header" else b"\r\n") + FEED * 1000
        request.wfile.write(whole[:start])
        for at in range(start, len(whole)):
            if school.closing.wait(0.05):
                return
            request.wfile.write(whole[at : at + 1])

    school.answers["/feed"] = drip
    before = time.monotonic()
    with pytest.raises(Temporary, match=r"longer than 0\.4 s"):
        fetch(f"{school.url}/feed", None, INSIDE, SHORT)
    assert time.monotonic() - before < 60


def test_a_server_that_says_nothing_is_not_waited_for(school: School) -> None:
    school.answers["/feed"] = lambda _: school.closing.wait(60)
    with pytest.raises(Temporary, match=r"longer than 0\.4 s"):
        fetch(f"{school.url}/feed", None, INSIDE, SHORT)


def test_a_body_that_breaks_off_is_no_feed(school: School) -> None:
    school.answers["/feed"] = says(Content_Length="5000")
    with pytest.raises(Temporary, match="broke off"):
        fetch(f"{school.url}/feed", None, INSIDE)


def test_a_compressed_body_is_not_unpacked(school: School) -> None:
    school.answers["/feed"] = says(Content_Encoding="gzip")
    with pytest.raises(Permanent, match="compressed"):
        fetch(f"{school.url}/feed", None, INSIDE)


def test_a_server_that_speaks_something_else_is_told_of(school: School) -> None:
    school.answers["/feed"] = lambda request: request.wfile.write(b"SSH-2.0-OpenSSH\r\n")
    with pytest.raises(Temporary, match="cannot be read"):
        fetch(f"{school.url}/feed", None, INSIDE)


def test_nobody_at_the_address_is_told_of(school: School) -> None:
    school.server_close()
    with pytest.raises(Temporary, match=r"127\.0\.0\.1 cannot be read"):
        fetch(f"{school.url}/feed", None, INSIDE)


def test_a_name_for_the_feed_that_would_be_two_headers_is_not_sent_back(school: School) -> None:
    school.answers["/feed"] = says(ETag='"é"', Last_Modified="x" * 500)
    fetched = fetch(f"{school.url}/feed", None, INSIDE)
    assert fetched is not None
    assert fetched.known == Known()


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Return a certificate for 127.0.0.1 to trust, and a server's context that has it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "voorbeeld")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    trusted, private = folder / "trusted.pem", folder / "key.pem"
    trusted.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, private)
    return trusted, context


@pytest.mark.parametrize("trust", [True, False])
def test_over_https_the_servers_certificate_must_be_trusted(
    school: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trust: bool
) -> None:
    trusted, context = certificate(tmp_path)
    school.socket = context.wrap_socket(school.socket, server_side=True)
    school.answers["/feed"] = says()
    url = school.url.replace("http:", "https:")
    if trust:
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        fetched = fetch(f"{url}/feed", None, INSIDE)
        assert fetched is not None
        assert fetched.data == FEED
    else:
        with pytest.raises(Temporary, match="cannot be read"):
            fetch(f"{url}/feed", None, INSIDE)
        assert school.asked == []
