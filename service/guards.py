"""What every request meets first: a limit on its body, a limit on its rate, and headers on its answer.

Written as plain ASGI: they must act on the stream itself, before anything is read into memory.
"""

import json

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 1 << 20  # bytes of a request
LARGEST_UPLOAD = 20 << 20  # bytes of a request that brings a file
UPLOADS = ("/v1/imports", "/admin/imports", "/network/exchange-day")

CONTENT_SECURITY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
)


async def _refuse(send: Send, status: int, title: str, detail: str, *headers: tuple[bytes, bytes]) -> None:
    body = json.dumps(
        {"type": title.lower().replace(" ", "-"), "title": title, "status": status, "detail": detail}
    )
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", b"application/problem+json"), (b"connection", b"close"), *headers],
        }
    )
    await send({"type": "http.response.body", "body": body.encode()})


class BodyLimit:
    """413 for a body over the limit, whatever its Content-Length says."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = LARGEST_UPLOAD if scope["path"].startswith(UPLOADS) else LARGEST_BODY
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        too_large = f"A request here may have {limit:,} bytes at most."
        if declared.isdigit() and int(declared) > limit:
            await _refuse(send, 413, "The request is too large", too_large)
            return
        received = 0
        started = refused = False

        async def counted() -> Message:
            nonlocal received, refused
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit and not refused:
                refused = True
                if not started:
                    await _refuse(send, 413, "The request is too large", too_large)
                return {"type": "http.disconnect"}
            return message

        async def once(message: Message) -> None:
            nonlocal started
            started = True
            if not refused:
                await send(message)

        try:
            await self.app(scope, counted, once)
        except Exception:
            if not refused:  # after the refusal the application only meets a closed door
                raise


class PerMinute:
    """Counts requests by name over a sliding minute."""

    def __init__(self) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def allows(self, name: str, at_most: int) -> bool:
        """Count one more request; whether it is within the limit of its name."""
        return self._limiter.hit(RateLimitItemPerMinute(at_most), name)


class RateLimit:
    """429 for an address that asks more often than allowed; health and static files are free."""

    FREE = ("/health", "/static", "/metrics")

    def __init__(self, app: ASGIApp, *, per_minute: int) -> None:
        self.app = app
        self._at_most = per_minute
        self._requests = PerMinute()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(self.FREE):
            address = (scope.get("client") or ("unknown",))[0]
            if not self._requests.allows(address, self._at_most):
                await _refuse(
                    send,
                    429,
                    "Too many requests",
                    f"At most {self._at_most} requests a minute.",
                    (b"retry-after", b"60"),
                )
                return
        await self.app(scope, receive, send)


class CrossOrigin:
    """What anybody may read may be read by a script of any site, a sandboxed frame's included ("null").

    Nothing of the reader's travels along: there are no cookies, and a key is sent only by who has it.
    """

    OPEN = ("/embed/", "/oembed", "/v1/search", "/v1/practices", "/v1/themes", "/v1/export")
    # On every answer, not only to who names an origin: a shared cache must not keep one without it.
    ALLOWED = ((b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", b"Retry-After"))
    PREFLIGHT = (
        *ALLOWED,
        (b"access-control-allow-methods", b"GET, POST"),
        (b"access-control-allow-headers", b"Authorization, Content-Type"),
        (b"access-control-max-age", b"86400"),
    )

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self.OPEN):
            await self.app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in dict(scope["headers"]):
            await send({"type": "http.response.start", "status": 204, "headers": [*self.PREFLIGHT]})
            await send({"type": "http.response.body", "body": b""})
            return

        async def allowed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self.ALLOWED]
            await send(message)

        await self.app(scope, receive, allowed)


class SecurityHeaders:
    """A strict content policy, no sniffing, no referrer; only `/embed` may stand in another site's frame."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        ancestors = "*" if scope["path"].startswith("/embed/") else "'self'"
        headers = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"content-security-policy", CONTENT_SECURITY.format(ancestors=ancestors).encode()),
            (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
            (b"cross-origin-opener-policy", b"same-origin"),
        ]

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        await self.app(scope, receive, with_headers)
