"""Forms of pages: carried out and followed by another page, or back with what is wrong."""

from collections.abc import Awaitable, Callable

from quart import Response, redirect, request
from quart.typing import ResponseReturnValue

from ccr.desk.checking import whole_number
from ccr.desk.refusals import Code, Refusal, invalid
from ccr.site.rendering import Form

Fields = dict[str, str]
Again = Callable[[Form, int], Awaitable[Response]]
"""Makes the page anew with a refused form, under this HTTP status."""


async def carry_out(
    do: Callable[[Fields], Awaitable[object]], *, then: str, again: Again
) -> ResponseReturnValue:
    """Have `do` carry out the form that was sent. The next page is at `then`; what is refused comes back."""
    given = (await request.form).to_dict()
    try:
        await do(given)
    except Refusal as refusal:
        if refusal.code is Code.NOT_FOUND:
            raise  # what the form is about is gone, and the form with it
        return await come_back(refusal, given, again)
    return redirect(then, 303)


async def come_back(refusal: Refusal, given: Fields, again: Again) -> Response:
    """The page with the form as it was sent, under the status of the refusal."""
    return in_time(refusal, await again(Form.refused(refusal, given), refusal.code.http_status))


def in_time(refusal: Refusal, response: Response) -> Response:
    """The answer, with when to try again where that is known."""
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def fresh(refusal: Refusal, given: Fields) -> Fields:
    """After a conflict under a key the form gets another one."""
    return {
        name: value for name, value in given.items() if name != "key" or refusal.code is not Code.CONFLICT
    }


def without_empty(given: Fields, *names: str) -> Fields:
    """A form sends every field; of those that may be left out, the empty ones are."""
    return {name: value for name, value in given.items() if value or name not in names}


def number(given: Fields, name: str) -> int:
    """A field that holds a whole number. Raises `invalid`."""
    found = whole_number(given[name])
    if found is None:
        raise invalid(**{name: "is not a number"})
    return found
