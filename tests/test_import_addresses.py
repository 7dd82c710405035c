"""A page is fetched from the open internet, and from nowhere else."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import pytest

from corpus.errors import UnreadableSource
from corpus.importers import web_address
from corpus.importers.web_address import fetch_page, is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::80ff:fffe",
        "fe80::1",
        "fc00::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_an_address_of_an_inner_network_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
)
def test_an_address_of_the_open_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "169.254.169.254",
        "127.0.0.1.",
    ],
)
def test_every_way_of_writing_this_machine_is_refused(host: str) -> None:
    with pytest.raises(UnreadableSource, match=r"which is not a public address|could not be read"):
        fetch_page(f"http://{host}/")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://example.org/", "must begin with http:// or https://"),
        ("file:///etc/passwd", "must begin with http:// or https://"),
        ("//example.org/", "must begin with http:// or https://"),
        ("http://", "must begin with http:// or https://"),
        ("http://vic.cat@127.0.0.1/", "carries a user name"),
        ("http://example.org:22/", "names port 22; only 80, 443 are fetched"),
        ("http://example.org:99999/", "is not a web address"),
        ("http://[::1/", "is not a web address"),
    ],
)
def test_what_is_no_web_address_is_refused(url: str, words: str) -> None:
    with pytest.raises(UnreadableSource) as refused:
        fetch_page(url)
    assert words in str(refused.value)


def test_a_host_with_one_inner_address_among_others_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ("93.184.216.34", "10.0.0.5")]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(UnreadableSource, match=r"http://vic\.example/ leads to 10\.0\.0\.5, which is not"):
        fetch_page("http://vic.example/")


Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Answer]]:
    """A site "vic.example" on this machine: its pages by path. Its address counts as public, 10.0.0.1 does not."""
    pages: dict[str, Answer] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pages[self.path](self)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    connect, looked_up = socket.create_connection, []

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        looked_up.append(host)
        address = {"vic.example": "93.184.216.34", "inner.example": "10.0.0.1"}[host]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def to_this_machine(address: tuple[str, int], timeout: float) -> socket.socket:
        assert address[0] == "93.184.216.34"  # the address that was checked, never a name
        monkeypatch.setattr(socket, "getaddrinfo", real_look_up)
        try:
            return connect(("127.0.0.1", server.server_port), timeout)
        finally:
            monkeypatch.setattr(socket, "getaddrinfo", look_up)

    real_look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", to_this_machine)
    yield pages
    server.shutdown()
    thread.join()
    server.server_close()


def answer(content: bytes, *, status: int = 200, **headers: str) -> Answer:
    """What a page answers."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in ({"Content_Type": "text/html"} | headers).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return send


def test_a_page_comes_with_its_last_address(site: dict[str, Answer]) -> None:
    hosts = []

    def page(handler: BaseHTTPRequestHandler) -> None:
        hosts.append(handler.headers["Host"])
        answer(b"<h1>Bon dia</h1>")(handler)

    site |= {"/a": answer(b"", status=302, Location="/b?c=1"), "/b?c=1": page}
    fetched = fetch_page("http://vic.example/a")
    assert (fetched.url, fetched.content, hosts) == (
        "http://vic.example/b?c=1",
        b"<h1>Bon dia</h1>",
        ["vic.example"],
    )


def test_https_speaks_to_the_checked_address_under_the_name_of_the_host(
    site: dict[str, Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []

    class Tls:
        def wrap_socket(self, line: socket.socket, *, server_hostname: str) -> socket.socket:
            told.append(server_hostname)
            return line

    def page(handler: BaseHTTPRequestHandler) -> None:
        told.append(handler.headers["Host"])
        answer(b"safe")(handler)

    monkeypatch.setattr(ssl, "create_default_context", Tls)
    site["/"] = page
    assert fetch_page("https://vic.example").content == b"safe"
    assert told == ["vic.example", "vic.example"]


def test_three_redirects_are_followed_and_a_fourth_is_not(site: dict[str, Answer]) -> None:
    site |= {f"/{n}": answer(b"", status=301, Location=f"/{n + 1}") for n in range(4)}
    site["/4"] = answer(b"here")
    assert fetch_page("http://vic.example/1").content == b"here"
    with pytest.raises(UnreadableSource, match="redirects more than 3 times"):
        fetch_page("http://vic.example/0")


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://inner.example/", "leads to 10.0.0.1, which is not a public address"),
        ("file:///etc/passwd", "must begin with http:// or https://"),
        ("http://vic.example:6379/", "names port 6379"),
    ],
)
def test_a_redirect_is_checked_like_the_first_address(site: dict[str, Answer], location: str, words: str) -> None:
    site["/"] = answer(b"", status=307, Location=location)
    with pytest.raises(UnreadableSource) as refused:
        fetch_page("http://vic.example/")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (answer(b"", status=404), "answers 404 Not Found"),
        (answer(b"%PDF", Content_Type="application/pdf"), "is application/pdf, not a web page"),
        (answer(b"\x1f\x8b", Content_Encoding="gzip"), "answers compressed although asked not to"),
        (answer(b"x" * (5 << 20) + b"y"), "is larger than 5 MB"),
        (answer(b"short", Content_Length="10"), "did not answer to the end"),
    ],
)
def test_an_answer_that_is_no_page_of_bearable_size_is_refused(
    site: dict[str, Answer], page: Answer, words: str
) -> None:
    site["/"] = page
    with pytest.raises(UnreadableSource) as refused:
        fetch_page("http://vic.example/")
    assert words in str(refused.value)


def test_a_site_that_drips_byte_by_byte_is_left(site: dict[str, Answer], monkeypatch: pytest.MonkeyPatch) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        answer(b"")(handler)
        try:
            for _ in range(100):
                handler.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            pass

    site["/"] = drip
    monkeypatch.setattr(web_address, "TIME_LIMIT_S", 0.4)
    started = time.monotonic()
    with pytest.raises(UnreadableSource, match=r"did not answer within 0\.4 s"):
        fetch_page("http://vic.example/")
    assert time.monotonic() - started < 3
