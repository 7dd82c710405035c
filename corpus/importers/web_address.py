"""Fetch a page by its address without being led into the network we stand in.

The host is looked up once; every address it has must be a public one, and the connection goes to the
address that was checked, with the host's own name in TLS and in the Host header. So neither an odd way of
writing 127.0.0.1, nor a name that changes its address between check and use, nor a redirect gets inside.
"""

import http.client
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urljoin, urlsplit

from corpus.errors import UnreadableSource
from corpus.importers.drafts import Format
from corpus.importers.files import LARGEST_BYTES

MOST_REDIRECTS = 3
TIME_LIMIT_S = 15.0  # for the whole answer of one address, from connecting to the last byte
PORTS = {"http": 80, "https": 443}
USER_AGENT = "Empelt (import of municipal good practices)"

_REDIRECTS = (301, 302, 303, 307, 308)
_PAGE_TYPES = ("text/html", "application/xhtml+xml")
_TRANSLATED = IPv6Network("64:ff9b::/96")  # NAT64: an IPv4 address in its last four bytes


@dataclass(frozen=True)
class Page:
    """A page as it came: its last address, its bytes, the day."""

    url: str
    content: bytes
    retrieved_on: date


def fetch_page(url: str) -> Page:
    """The web page at a public http or https address, after at most three redirects.

    Hand it on with `read_practices(page.content, name=page.url, format=Format.HTML)`.

    Raises:
        UnreadableSource: the address is not public or not of the web, or its answer is late, too large,
            no page, or an error.
    """
    address = url
    for _ in range(MOST_REDIRECTS + 1):
        answer = _answer(address)
        if isinstance(answer, Page):
            return answer
        address = answer
    raise UnreadableSource(f"{url} redirects more than {MOST_REDIRECTS} times.")


def _answer(url: str) -> Page | str:
    """The page, or the address a redirect points to."""
    parts, host, port = _checked(url)
    ip = _public_address(host, port, url)
    connection: http.client.HTTPConnection = _PinnedConnection(host, port, ip, tls=parts.scheme == "https")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    deadline = time.monotonic() + TIME_LIMIT_S
    try:
        connection.connect()
        # A socket's own timeout starts anew with every byte; this one does not.
        watch = threading.Timer(deadline - time.monotonic(), _hang_up, [connection.sock])
        watch.daemon = True
        watch.start()
        try:
            connection.request("GET", target, headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})
            with connection.getresponse() as response:
                if response.status in _REDIRECTS and (location := response.getheader("Location")):
                    return urljoin(url, location)
                content = _content(response, url)
            if time.monotonic() >= deadline:  # an answer without a length ends well when the line is cut
                raise TimeoutError
            return Page(url, content, date.today())
        finally:
            watch.cancel()
    except (OSError, http.client.HTTPException, ValueError) as error:
        late = time.monotonic() >= deadline or isinstance(error, TimeoutError)
        reason = f"did not answer within {TIME_LIMIT_S:g} s" if late else f"could not be read ({error})"
        raise UnreadableSource(f"{url} {reason}.") from None
    finally:
        connection.close()


def _hang_up(line: socket.socket) -> None:
    with suppress(OSError):  # it may just have ended
        socket.socket.shutdown(line, socket.SHUT_RDWR)


def _content(response: http.client.HTTPResponse, url: str) -> bytes:
    if response.status != http.client.OK:
        raise UnreadableSource(f"{url} answers {response.status} {response.reason}.")
    kind = response.headers.get_content_type()
    if kind not in _PAGE_TYPES:
        raise UnreadableSource(f"{url} is {kind}, not a web page. Download the file and import it.")
    if response.getheader("Content-Encoding", "identity") != "identity":
        raise UnreadableSource(f"{url} answers compressed although asked not to.")
    content = response.read(LARGEST_BYTES[Format.HTML] + 1)
    if len(content) > LARGEST_BYTES[Format.HTML]:
        raise UnreadableSource(f"{url} is larger than {LARGEST_BYTES[Format.HTML] >> 20} MB.")
    if response.length:
        raise UnreadableSource(f"{url} did not answer to the end within {TIME_LIMIT_S:g} s.")
    return content


def _checked(url: str) -> tuple[SplitResult, str, int]:
    """The parts of a web address, its host in ASCII and its port."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = parts.port or PORTS.get(parts.scheme, 0)
    except (ValueError, UnicodeError):
        raise UnreadableSource(f"{url!r} is not a web address.") from None
    if parts.scheme not in PORTS or not host:
        raise UnreadableSource(f"{url!r} is not a web address: it must begin with http:// or https://.")
    if parts.username is not None or parts.password is not None:
        raise UnreadableSource(f"{url!r} carries a user name; give the address without it.")
    if port not in PORTS.values():
        raise UnreadableSource(
            f"{url!r} names port {port}; only {', '.join(map(str, PORTS.values()))} are fetched."
        )
    return parts, host, port


def _public_address(host: str, port: int, url: str) -> str:
    """The address to connect to; refuses a host with any address that is not public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UnreadableSource(f"{url} could not be read ({error.strerror}).") from None
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not is_public(ip_address(address.partition("%")[0])):
            raise UnreadableSource(f"{url} leads to {address}, which is not a public address.")
    return addresses[0]


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address belongs to the open internet, also where it wraps an IPv4 address."""
    if isinstance(address, IPv6Address):
        wrapped = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _TRANSLATED or int(address) < 1 << 32:
            wrapped.append(IPv4Address(int(address) & 0xFFFFFFFF))
        if not all(is_public(inner) for inner in wrapped if inner is not None):
            return False
        if address.is_site_local:
            return False
        if address.ipv4_mapped:
            return True
    is_reserved = address.is_reserved and address not in _TRANSLATED
    return address.is_global and not address.is_multicast and not is_reserved


class _PinnedConnection(http.client.HTTPConnection):
    """Speaks to one address under the name of a host."""

    def __init__(self, host: str, port: int, address: str, *, tls: bool) -> None:
        super().__init__(host, port, timeout=TIME_LIMIT_S)
        self._address = address
        self._tls = tls
        if tls:
            self.default_port = http.client.HTTPS_PORT

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._tls:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)
