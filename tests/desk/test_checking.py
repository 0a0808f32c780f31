"""Reading what comes in: what is counted, what is refused, and that nothing else ever happens."""

import unicodedata
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccr.desk import checking
from ccr.desk.checking import check, clean, is_blank, printable, text_fault
from ccr.desk.commands import COMMANDS, Command, PostMessage, fingerprint, name_of, read_command
from ccr.desk.refusals import Code, Refusal
from tests.bad_input import GOOD_COMMANDS, bad_versions

ANY_TEXT = st.text(st.characters(codec=None))
"""Lone surrogates, NUL and all."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=8,
)
LINE_ENDS = st.text(st.sampled_from("\r\nab \U0001f600"))


@given(LINE_ENDS)
def test_every_line_end_becomes_one_lf(text: str) -> None:
    cleaned = clean(text)
    assert cleaned == "\n".join(text.replace("\r\n", "\n").split("\r"))
    assert "\r" not in cleaned
    assert clean(cleaned) == cleaned
    assert [*cleaned.replace("\n", "")] == [char for char in text if char not in "\r\n"]


@given(ANY_TEXT)
def test_a_text_without_fault_can_be_stored_and_shown(text: str) -> None:
    fault = text_fault(text)
    storable = "\x00" not in text and not any(unicodedata.category(char) == "Cs" for char in text)
    if not storable:
        assert fault == "holds characters that cannot be stored"
    elif fault is None:
        assert text.encode()
        assert text.strip()
    else:
        assert is_blank(text)


@given(ANY_TEXT, st.text(min_size=1))
def test_a_text_with_anything_to_be_seen_is_not_blank(around: str, seen: str) -> None:
    letters = "".join(char for char in seen if char.isascii() and char.isprintable() and char != " ")
    assert is_blank(around + letters + around) == (not letters and is_blank(around + around))


@pytest.mark.parametrize(
    "text", ["", " \t\r\n", "\u200b", "\ufeff\u2060", "\u00a0\u3000", "\u3164", "\u2800", "\u200d\ufe0f"]
)
def test_what_shows_nothing_is_blank(text: str) -> None:
    assert is_blank(text)
    assert text_fault(text) == "must not be blank"


@pytest.mark.parametrize("text", ["a", "0", ".", " . ", "ß", "\u200bа", "你好", "🙂", "❤️", "´", "\n-\n"])
def test_what_shows_something_is_not_blank(text: str) -> None:
    assert text_fault(text) is None


@given(st.integers(1, 4_100), st.sampled_from("x\U0001f600é\n\r"))
def test_four_thousand_characters_are_counted_after_cleaning(length: int, char: str) -> None:
    body = "." + char * (length - 1)
    given_command = {"type": "post_message", "body": body}
    if length <= 4_000:
        assert read_command(given_command) == PostMessage(body=clean(body))
    else:
        with pytest.raises(Refusal) as refused:
            read_command(given_command)
        assert refused.value.fields == {"body": f"must be at most 4,000 characters, and has {length:,}"}


class Copied(dict[str, Any]):
    """Fields as they were given, and how many there were each time when they were copied."""

    def __init__(self, fields: dict[str, Any], copies: list[int]) -> None:
        super().__init__(fields)
        self.copies = copies

    def __or__(self, other: Any) -> "Copied":  # type: ignore[override]
        self.copies.append(len(self))
        return Copied(super().__or__(other), self.copies)


def test_what_was_given_is_copied_once_however_many_texts_are_cleaned() -> None:
    sent = Copied({"type": "post_message"} | {f"field {n}": "\rHello" for n in range(1_000)}, [])

    with pytest.raises(Refusal) as refused:
        check(PostMessage, sent)

    assert len(refused.value.fields) == 1_000
    assert sent.copies == [1_001]


@given(JSON)
def test_whatever_comes_is_a_command_or_refused_as_invalid(given_command: Any) -> None:
    assert_read_or_refused(given_command)


@given(
    st.sampled_from(sorted(COMMANDS)),
    st.dictionaries(st.sampled_from(["body", "query", "of", "agent", "stars"]), JSON),
)
def test_whatever_the_fields_the_refusal_can_be_told(kind: str, fields: dict[str, Any]) -> None:
    assert_read_or_refused({"type": kind, **fields})


def assert_read_or_refused(given_command: Any) -> None:
    """A command that can be told from others, or `invalid` in words that can be sent."""
    refused = None
    try:
        command: Command = read_command(given_command)
    except Refusal as refusal:
        refused = refusal
    if refused is None:
        assert fingerprint(command)
    else:
        assert refused.code is Code.INVALID
        assert refused.fields
        assert msgspec.json.encode(refused.wire())


@pytest.mark.parametrize("kind", COMMANDS)
def test_every_field_at_fault_is_named_at_once(kind: str) -> None:
    good = {"type": kind, **GOOD_COMMANDS[kind]}
    assert name_of(read_command(good)) == kind
    for bad in bad_versions(COMMANDS[kind], good):
        for surplus in ({}, {"surplus": 1}):
            with pytest.raises(Refusal) as refused:
                read_command({**bad.given, **surplus})
            assert {bad.fault, *surplus} <= refused.value.fields.keys()
            assert refused.value.code is Code.INVALID


def test_all_faults_are_told_in_one_refusal() -> None:
    with pytest.raises(Refusal) as refused:
        read_command({"type": "rate_ticket", "stars": 9, "comment": " ", "more": 1})
    assert refused.value.fields == {
        "stars": "is out of range",
        "comment": "must not be blank",
        "more": "is not known here",
    }


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("query", "x" * 151, "must be at most 150 characters, and has 151"),
        ("query", "", "must not be blank"),
        ("query", 5, "Expected str, got int"),
        ("query", None, "Expected str, got null"),
        ("priority", "now", "is not one of the choices"),
        ("priority", ["low"], "Expected str, got array"),
    ],
)
def test_faults_are_told_in_words(field: str, value: Any, words: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_command({"type": "open_ticket", "query": "Why?", field: value})
    assert refused.value.fields == {field: words}


def test_the_same_command_has_the_same_fingerprint_however_it_was_written() -> None:
    plain = read_command({"type": "post_message", "body": "a\nb"})
    odd = read_command({"attachments": [], "body": "a\r\nb", "reply_to": None, "type": "post_message"})
    other = read_command({"type": "post_note", "body": "a\nb"})
    assert fingerprint(plain) == fingerprint(odd) != fingerprint(other)


def test_commands_of_any_two_kinds_differ() -> None:
    prints = [fingerprint(read_command({"type": kind, **fields})) for kind, fields in GOOD_COMMANDS.items()]
    assert len({*prints}) == len(COMMANDS)


@given(st.one_of(ANY_TEXT, JSON))
def test_what_a_stranger_wrote_is_safe_to_send_back(text: Any) -> None:
    shown = printable(text)
    assert len(shown) <= 40
    assert not text_fault(f".{shown}")


class Keyed(msgspec.Struct, forbid_unknown_fields=True):
    key: checking.Key


@pytest.mark.parametrize("key", ["x" * 8, "x" * 64, "Az09_-Az09_-"])
def test_keys_of_the_contract_are_taken(key: str) -> None:
    assert check(Keyed, {"key": key}).key == key


@pytest.mark.parametrize(
    "key", ["x" * 7, "x" * 65, "has a blank", "ends-in-\n", "\nbegins--", "umlaut-ä", "１２３４５６７８", ""]
)
def test_other_keys_are_refused(key: str) -> None:
    with pytest.raises(Refusal):
        check(Keyed, {"key": key})
