"""Checking what comes in: closed types, every wrong field named, texts that can be stored and read.

msgspec stops at the first mistake; a form wants all of them. So the fast way is one `convert`, and only what it
refuses is gone through field by field.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from ccr.desk.refusals import Code, Refusal

MAX_ID = 2**53 - 1
"""The largest integer that JSON carries unharmed everywhere."""

MAX_SEQ = 2**31 - 1
"""Larger than any number an entry will have."""

Id = Annotated[int, msgspec.Meta(ge=1, le=MAX_ID)]
Key = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{8,64}\Z")]

_SURROGATE = re.compile("[\ud800-\udfff]")
_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
# Letters, signs and marks by their category, and yet nothing to be seen: fillers, an empty Braille cell, selectors.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe0e\ufe0f\uffa0")

S = TypeVar("S", bound=msgspec.Struct)


def clean(text: str) -> str:
    """`text` with CRLF and lone CR as LF, which is what is counted and stored."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_blank(text: str) -> bool:
    """Whether a reader would see nothing at all."""
    if text[:1].isalnum() and text[0] not in _UNSEEN:
        return False
    return all(char in _UNSEEN or unicodedata.category(char) in _INVISIBLE for char in text)


def text_fault(text: str) -> str | None:
    """What is wrong with a text whatever its length, or `None`."""
    if "\x00" in text or (not text.isascii() and _SURROGATE.search(text)):
        return "holds characters that cannot be stored"
    return "must not be blank" if is_blank(text) else None


def check(shape: type[S], given: object) -> S:
    """`given` (parsed JSON or a form) as a `shape`, its texts cleaned.

    Raises `Refusal` `invalid` that names every field at fault.
    """
    if not isinstance(given, dict):
        raise Refusal(Code.INVALID, "An object is expected here.")
    changed, faults = {}, {}
    for name, value in given.items():
        if isinstance(value, str):
            if "\r" in value:
                changed[name] = clean(value)
            if fault := text_fault(value):
                faults[name] = fault
    # All at once: a stranger's form may have thousands of fields.
    cleaned = given | changed if changed else given
    try:
        made = msgspec.convert(cleaned, shape)
    except (msgspec.ValidationError, UnicodeEncodeError):
        raise _refusal(shape, cleaned) from None
    if faults:
        raise _all_wrong(faults)
    return made


def _refusal(shape: type[msgspec.Struct], given: Mapping[str, object]) -> Refusal:
    hints = get_type_hints(shape, include_extras=True)
    info = {field.encode_name: (field, hints[field.name]) for field in msgspec.structs.fields(shape)}
    tag = shape.__struct_config__.tag_field
    faults: dict[str, str] = {}
    for name in given:
        if name not in info and name != tag:
            faults[printable(name)] = "is not known here"
    for name, (field, kind) in info.items():
        if name not in given:
            if field.required:
                faults[name] = "is required"
        elif fault := _fault(given[name], kind):
            faults[name] = fault
    return _all_wrong(faults or {"type": "is not known here"})


def _fault(value: object, kind: Any) -> str | None:
    if isinstance(value, str) and (fault := text_fault(value)):
        return fault
    try:
        msgspec.convert(value, kind)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        return _in_words(value, kind, str(error))
    return None


def _in_words(value: object, kind: Any, technical: str) -> str:
    limits = _limits(kind)
    if isinstance(value, str) and limits:
        return _wrong_text(value, limits)
    if isinstance(value, int) and limits and limits.ge is not None and not isinstance(value, bool):
        return "is out of range"
    if technical.startswith("Invalid enum value"):
        return "is not one of the choices"
    return re.sub(r" - at .*", "", technical).replace("`", "")


def _wrong_text(text: str, limits: msgspec.Meta) -> str:
    if limits.max_length is not None and len(text) > limits.max_length:
        return f"must be at most {limits.max_length:,} characters, and has {len(text):,}"
    if limits.min_length is not None and len(text) < limits.min_length:
        return f"must be at least {limits.min_length:,} characters"
    return limits.description or "does not have the form asked for"


def _limits(kind: Any) -> msgspec.Meta | None:
    """The constraints inside `Annotated[…]`, also where the field may be absent."""
    if get_origin(kind) is Annotated:
        return next((part for part in get_args(kind)[1:] if isinstance(part, msgspec.Meta)), None)
    return next((found for part in get_args(kind) if (found := _limits(part))), None)


def _all_wrong(faults: dict[str, str]) -> Refusal:
    words = "; ".join(f"{name} {fault}" for name, fault in faults.items())
    return Refusal(Code.INVALID, f"{words}."[:1].upper() + f"{words}."[1:], fields=faults)


def whole_number(text: str) -> int | None:
    """The number that somebody wrote in at most 16 digits, which every database takes; `None` if it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 17 else None


def printable(text: object) -> str:
    """A stranger's text cut short and made safe to send back."""
    return str(text)[:40].encode("utf-8", "replace").decode("utf-8").replace("\x00", "�")
