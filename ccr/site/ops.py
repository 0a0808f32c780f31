"""For those who run it: alive, ready, and what is happening inside."""

import asyncio
import hmac
import ipaddress
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from quart import Blueprint, Response, abort, jsonify, request

from ccr import metrics as measured
from ccr.settings import Settings
from ccr.site.guards import unasked

READY_WITHIN = 2.0
"""Seconds for the database to answer."""
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")

log = logging.getLogger(__name__)


def operations(
    settings: Settings, *, reachable: Callable[[], Awaitable[Any]], draining: Callable[[], bool]
) -> Blueprint:
    """`/healthz`, `/readyz` and `/metrics`.

    `reachable` asks the database something trivial and raises if that fails; `draining` is true once stopping.
    """
    blueprint = Blueprint("operations", __name__)

    @blueprint.get("/healthz")
    @unasked
    async def alive() -> Response:
        return _status(200, "alive")

    @blueprint.get("/readyz")
    @unasked
    async def ready() -> Response:
        if draining():
            return _status(503, "stopping")
        try:
            async with asyncio.timeout(READY_WITHIN):
                await reachable()
        except Exception as error:  # noqa: BLE001 - whatever it is, we are not ready
            log.warning("not ready: the database does not answer", extra={"error": type(error).__name__})
            return _status(503, "database unreachable")
        return _status(200, "ready")

    @blueprint.get("/metrics")
    @unasked
    async def metrics() -> Response:
        if not _may_read(settings.metrics):
            abort(404)
        exposition = measured.exposition()
        return _fresh(Response(exposition, content_type="text/plain; version=0.0.4; charset=utf-8"))

    return blueprint


def _may_read(who: str) -> bool:
    if who == "off":
        return False
    if who == "loopback":
        return _from_this_machine()
    given = request.headers.get("Authorization", "").encode()
    return hmac.compare_digest(given, f"Bearer {who}".encode())


def _from_this_machine() -> bool:
    """Whether nobody stands between: a proxy on this machine speaks for the whole world."""
    client = request.scope.get("client")
    if client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False


def _status(code: int, status: str) -> Response:
    response: Response = jsonify(status=status)
    response.status_code = code
    return _fresh(response)


def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
