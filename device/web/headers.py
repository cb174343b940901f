"""What every answer carries, errors included: what a browser may do with it, and that it keeps nothing."""

from __future__ import annotations

from flask import Response, request

from device.web.services import services

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    # Footage, names of lessons, forms: nothing of it stays behind in a shared browser.
    "Cache-Control": "no-store",
    # Not "no-referrer": browsers would then hide where our own forms come from (Fetch standard, "append a request
    # `Origin` header"), and csrf.py looks at that.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=(), usb=(), serial=()",
}
# Style and script may stay, if the browser asks each time whether they are still the same.
_CACHE_OF_STATIC = "no-cache"
_HSTS = "max-age=31536000"


def add_headers(response: Response) -> Response:
    """Add them, whatever the page itself thought of them."""
    response.headers.update(_HEADERS)
    if request.endpoint == "static" and request.method in ("GET", "HEAD") and response.status_code < 400:
        response.headers["Cache-Control"] = _CACHE_OF_STATIC
    if services().tls:
        response.headers["Strict-Transport-Security"] = _HSTS
    return response
