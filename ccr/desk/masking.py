"""What must not leave the house, or become public, taken out of what does: addresses, and every longer number.

They are found in the text as an eye sees it: full-width letters are letters, a dash is a dash, and what has no width is
not there. The rest stays as it was typed. Each pattern looks at a few characters from wherever it begins, so that no
text takes longer than its length.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

Span = tuple[int, int]

_OF_ADDRESS = r"[^\s<>()\[\],;:\"@]"
_EMAIL = re.compile(rf"(?<!{_OF_ADDRESS}){_OF_ADDRESS}+@{_OF_ADDRESS}+\.{_OF_ADDRESS}+")

_NAME, _LABEL, _GAP = r"(?<![\w.+-])[\w.+-]{1,64}", r"[\w-]{1,63}", r"[ \t]"
_IN_BRACKETS = rf"{_GAP}{{0,3}}[(\[{{<]{_GAP}?%s{_GAP}?[)\]}}>]{_GAP}{{0,3}}"
_AT, _DOT = _IN_BRACKETS % "at", _IN_BRACKETS % "dot"
_SPELLED_DOT = rf"{_GAP}{{1,3}}dot{_GAP}{{1,3}}"
_ENDS = r"(?:com|net|org|edu|gov|info|biz|io|app|dev|eu|uk|de|fr|es|nl|ch|pl|se|dk|ie|ca|au|nz|br|jp|cn|za|co\.uk)\b"
_SPELLED = re.compile(
    rf"{_NAME}(?:{_AT}|{_GAP}{{0,3}}@{_GAP}{{0,3}})(?:{_LABEL}(?:\.|{_DOT}|{_SPELLED_DOT})){{1,8}}[^\W\d_]{{2,24}}\b"
    # In plain words only where it ends as addresses do: people look at the dot on the screen.
    rf"|{_NAME}{_GAP}{{1,3}}at{_GAP}{{1,3}}(?:{_LABEL}{_SPELLED_DOT}){{1,8}}{_ENDS}",
    re.IGNORECASE,
)

# Six digits are a code, more a phone number, an account or a card, in whatever groups they are written. What stands
# between the numbers of a list or in a time of day, too, joins only groups of three or more.
_NUMBER = re.compile(
    r"\+?\(?\d(?:(?:[ \t().\-/]{0,8}|(?<=\d{3})(?:[,:'’]|[ \t]{0,3}[|•·*_~\\][ \t]{0,3})(?=\d{3}))\d){5,}"
)

_ACCOUNT = re.compile(r"(?<![A-Z0-9])[A-Z]{2}(\d\d(?:[ \t.\-/]{0,3}[A-Z0-9]){11,30})", re.IGNORECASE)
_SHORTEST_ACCOUNT = 15

_DASHES = "\u2212\u2043"
"""A minus and a bullet, which are none to Unicode."""


def masked(text: str) -> str:
    """The text without e-mail addresses, phone and card numbers."""
    for mark, find in _WHAT:
        text = _without(text, mark, find)
    return text


def _without(text: str, mark: str, find: Callable[[str], Iterable[Span]]) -> str:
    seen, where = _as_seen(text)
    kept, end = [], 0
    for first, after in find(seen):
        kept += [text[end : where[first]], mark]
        # With what has no width behind it; but one character may look like more than was found.
        end = max(where[after - 1] + 1, where[after] if after < len(seen) else len(text))
    return "".join(kept) + text[end:]


def _as_seen(text: str) -> tuple[str, Sequence[int]]:
    """What an eye sees of it, and from which character of the text each comes."""
    if text.isascii():
        return text, range(len(text))
    seen = [(look, index) for index, character in enumerate(text) for look in _look(character)]
    return "".join(look for look, _ in seen), [index for _, index in seen]


def _look(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in {"Cf", "Mn", "Me"}:
        return ""
    if kind == "Pd" or character in _DASHES:
        return "-"
    return unicodedata.normalize("NFKC", character)


def _matches(pattern: re.Pattern[str]) -> Callable[[str], Iterable[Span]]:
    return lambda seen: (found.span() for found in pattern.finditer(seen))


def _accounts(seen: str) -> Iterable[Span]:
    """International account numbers, whose letters are the bank's: known by their check digits. The country stays."""
    for found in _ACCOUNT.finditer(seen):
        end = _end_of_account(seen, found.start(), found.end())
        if end:
            yield found.start() + 2, end


def _end_of_account(seen: str, start: int, most: int) -> int:
    """Where a number that is right ends, 0 where none does. Whatever follows it may look like more of it."""
    digits = ""
    for end in range(start, most):
        if not seen[end].isalnum():
            continue
        digits += seen[end].upper()
        is_whole = end + 1 == len(seen) or not seen[end + 1].isalnum()
        if is_whole and len(digits) >= _SHORTEST_ACCOUNT and _is_right(digits):
            return end + 1
    return 0


def _is_right(account: str) -> bool:
    return int("".join(str(int(one, 36)) for one in account[4:] + account[:4])) % 97 == 1


_WHAT: tuple[tuple[str, Callable[[str], Iterable[Span]]], ...] = (
    ("[e-mail]", _matches(_EMAIL)),
    ("[e-mail]", _matches(_SPELLED)),
    ("[number]", _accounts),
    ("[number]", _matches(_NUMBER)),
)
