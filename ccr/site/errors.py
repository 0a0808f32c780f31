"""What is answered when something is not done: JSON for the API, a page for people, internals for nobody."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from quart import Quart, Response, g, request
from werkzeug.exceptions import HTTPException

from ccr.desk.refusals import Code, Refusal
from ccr.services.refusal_log import RefusalLog
from ccr.site.bodies import answer
from ccr.site.guards import is_api

ErrorPage = Callable[[int, str, str], Awaitable[Response]]
"""Makes the page for a status, a code and a message."""

INTERNAL = "internal"
"""The code of what nobody foresaw; the only one that is not a `Refusal`'s."""

_CODES = {code.http_status: code for code in Code}
_NO_ROUTE = "no route"
_MESSAGES = {
    404: "There is nothing here.",
    405: "This cannot be done here.",
    413: "That is too much at once.",
}
_log = logging.getLogger(__name__)


def install(app: Quart, error_page: ErrorPage, refusals: RefusalLog) -> None:
    """Answer every error of `app`, those nobody foresaw included, and note in `refusals` what was not done."""

    async def refused(refusal: Refusal) -> Response:
        if is_api():
            response = answer(refusal.wire(), refusal.code.http_status)
        else:
            response = await error_page(refusal.code.http_status, refusal.code.value, refusal.message)
        if refusal.retry_after is not None:
            response.headers["Retry-After"] = str(refusal.retry_after)
        return response

    async def http_error(error: HTTPException) -> Response:
        status = error.code or 500
        message = _MESSAGES.get(status, f"{HTTPStatus(status).phrase}.")
        response = await _told(status, _CODES.get(status, Code.INVALID).value, message)
        for name, value in error.get_headers():  # such as the Allow of a 405
            if name.lower() not in {"content-type", "content-length"}:
                response.headers[name] = value
        return response

    async def unforeseen(error: Exception) -> Response:
        _log_failed(error)
        return await _told(500, INTERNAL, "Something went wrong on our side.")

    async def _told(status: int, code: str, message: str) -> Response:
        if is_api():
            return answer({"code": code, "message": message}, status)
        return await error_page(status, code, message)

    # What fails on the way out is no handler's. Quart's own line has the path.
    app.log_exception = _log_what_failed  # type: ignore[method-assign]
    app.after_request(partial(_noted, refusals))
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, unforeseen)


def _log_failed(error: BaseException | None) -> None:
    """By the route, not the path: with some, whoever reads it could do what it is for, or see whose it is."""
    route = request.url_rule.rule if request.url_rule else _NO_ROUTE
    _log.error("request failed", extra={"method": request.method, "route": route}, exc_info=error)


def _log_what_failed(exception_info: Any) -> None:
    _log_failed(exception_info[1])


async def _noted(refusals: RefusalLog, response: Response) -> Response:
    # By the answer: many a form comes back with what is wrong before an error reaches us.
    if 400 <= response.status_code < 500:
        identity = g.get("identity")
        code = _CODES.get(response.status_code, Code.INVALID)
        refusals.note(code, request.endpoint or _NO_ROUTE, identity.person.id if identity else None)
    return response
