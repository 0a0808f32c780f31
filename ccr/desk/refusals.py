"""Why something asked for is not done. Every door answers a `Refusal` in its own manner; none invents another code."""

from enum import StrEnum


class Code(StrEnum):
    """The closed list of reasons of the contract, each with its HTTP status in `http_status`."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"

    @property
    def http_status(self) -> int:
        """The status an HTTP answer with this code carries."""
        return _HTTP_STATUS[self]


_HTTP_STATUS = {
    Code.INVALID: 400,
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.NOT_FOUND: 404,
    Code.CONFLICT: 409,
    Code.TOO_LARGE: 413,
    Code.RATE_LIMITED: 429,
    Code.UNAVAILABLE: 503,
}


class Refusal(Exception):
    """Something was not done, and nothing was written.

    `message` is for the person who asked: it never carries internals. `fields` names what to correct, by field
    name; `retry_after` is in seconds and goes with `rate_limited`.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        fields: dict[str, str] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = fields or {}
        self.retry_after = retry_after

    def wire(self) -> dict[str, object]:
        """The error as the contract writes it: `{code, message, fields?}`."""
        body: dict[str, object] = {"code": self.code.value, "message": self.message}
        if self.fields:
            body["fields"] = self.fields
        return body


def invalid(**fields: str) -> Refusal:
    """A refusal that names the fields at fault, each with what is wrong about it."""
    return Refusal(Code.INVALID, "; ".join(f"{name}: {text}" for name, text in fields.items()), fields=fields)


def bad_file(why: str) -> Refusal:
    """A file that cannot be sent; `why` goes on where "The file" begins."""
    return Refusal(Code.INVALID, f"The file {why}.", fields={"file": why})


def not_found(what: str) -> Refusal:
    """The same answer for what does not exist and for what is not this person's to see."""
    return Refusal(Code.NOT_FOUND, f"There is no such {what}.")


def forbidden(why: str) -> Refusal:
    """Seen, but not to be done by this person."""
    return Refusal(Code.FORBIDDEN, why)


def conflict(why: str) -> Refusal:
    """The present state does not allow it."""
    return Refusal(Code.CONFLICT, why)


def undecided() -> Refusal:
    """The database went away in the very moment of storing it; sending the same key again brings it to light."""
    return Refusal(Code.UNAVAILABLE, "It is not certain whether this was saved. Try again.")


def unavailable() -> Refusal:
    """Nothing was stored; the same key may be sent again."""
    return Refusal(
        Code.UNAVAILABLE, "The registry cannot store anything right now. Nothing was saved; try again."
    )
