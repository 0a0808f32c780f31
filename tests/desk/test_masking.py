"""What is blackened before words leave the house, and what is left as it was typed."""

import time

import pytest

from ccr.desk.masking import masked

NUMBERS = (
    "4111 1111 1111 1111",
    "4111—1111—1111—1111",
    "4111\u20111111\u20111111\u20111111",
    "4111\u2009 1111\u20091111\u20091111",
    "4111\u200b1111\u200b1111\u200b1111",
    "4111\u00ad1111\u2060111111\ufeff11",
    "4111_1111_1111_1111",
    "4111,1111,1111,1111",
    "4111:1111:1111:1111",
    "4111|1111|1111|1111",
    "4111 | 1111 | 1111 | 1111",
    "4111•1111•1111•1111",
    "4111*1111*1111*1111",
    "4111   -   1111 - 1111",
    "0170*1234567",
    "0170 – 123 – 45 67",
    "555−1234567",
    "+49 (0) 170 - 12 34 567",
    "+1.212.555.0100",
    "(030) 12 34 56",
    "０１７０１２３４５６７",
    "٠١٢٣٤٥٦٧٨٩",
    "①②③④⑤⑥",
    "4\ufe0f\u20e31\ufe0f\u20e31\ufe0f\u20e31\ufe0f\u20e31\ufe0f\u20e31\ufe0f\u20e3",
    "123456",
)

ADDRESSES = (
    "john@example.com",
    "a.b+c@mail.example.co.uk",
    "jürgen@müller.de",
    "john＠example．com",
    "john\u200b@exam\u00adple.com",
    "john @ example.com",
    "john(at)example.com",
    "john (at) mail.example.com",
    "john [at] example [dot] com",
    "JOHN {AT} EXAMPLE {DOT} COM",
    "john at example dot com",
    "john.miller at mail dot example dot org",
    "john@example dot com",
)

ORDINARY = (
    "ticket 12345",
    "tickets 12345 and 12346",
    "orders 12345, 12346, 12347",
    "at 10:30 on 22.11.",
    "at 10:30:15",
    "from 9:00, 12:00 and 17:30",
    "prices 12, 13, 14",
    "12,13,14",
    "it costs 1,299.50 €",
    "it costs 12345,50 €",
    "1 | 2 | 3 | 4 | 5 | 6",
    "version 3.11.4",
    "Python 3.12, SQLite 3.45",
    "in 2024, 2025, 2026",
    "1920×1080",
    "1½ of 2½ and 3½",
    "12345\n67890",
    "meet at noon dot",
    "look at the dot on the screen",
    "I looked at example.com",
    "Stare at it, dot the i",
    "5 items @ 3.50",
    "meet me (at) noon. Then we talk",
    "room XK95 ABCD is on the left side",  # too short for an account, however right its digits are
    "AB12 does turn when it is cold outside",
    "Straße 12, ｆｕｌｌ width, na\u00efve e\u0301lan, 👩\u200d👩\u200d👧",
)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_longer_number_is_blackened_however_it_is_written(number: str) -> None:
    assert masked(f"Call {number}, please") == "Call [number], please"


@pytest.mark.parametrize("address", ADDRESSES)
def test_so_is_an_address(address: str) -> None:
    assert masked(f"Write: {address}, please") == "Write: [e-mail], please"


@pytest.mark.parametrize("text", ORDINARY)
def test_what_is_neither_stays_as_it_was_typed(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize(
    ("account", "left"),
    [
        ("DE89 3704 0044 0532 0130 00", "DE[number]"),
        ("GB29 NWBK 6016 1331 9268 19", "GB[number]"),
        ("gb29nwbk60161331926819", "gb[number]"),
        ("NL91-ABNA-0417-1643-00", "NL[number]"),
        ("MT84 MALT 0110 0001 2345 MTLC AST0 01S", "MT[number]"),
        ("GB28 NWBK 6016 1331 9268 19", "GB28 NWBK [number]"),  # the check digits are wrong
    ],
)
def test_of_an_account_the_country_is_left(account: str, left: str) -> None:
    assert masked(f"To {account} please help me") == f"To {left} please help me"


def test_more_than_one_of_each_is_found() -> None:
    text = "carla@example.org — ０１７０-123456 or john [at] example.com; GB29 NWBK 6016 1331 9268 19 — no 5"

    assert masked(text) == "[e-mail] — [number] or [e-mail]; GB[number] — no 5"


HOSTILE = (
    "a", "@", "a@", "a.", "a@a", "a at ", "a(at)", "a (at) a.", "a at a dot ", "1", "1 ", "12345x", "12345" + 8 * " ",
    "111,", "111 | ", "1\u200b", "AB12", "AB12 CD34 ", "+(", "é", "\u0301", "[dot]", "a@a dot ",
)  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_text_takes_longer_than_its_length(hostile: str) -> None:
    def takes(length: int) -> float:
        text = (hostile * length)[:length]
        began = time.process_time()
        masked(text)
        return time.process_time() - began

    short, long = (min(takes(length) for _ in range(3)) for length in (4_000, 32_000))

    assert long < 24 * short + 0.002  # eight times the length; sixty-four times, were it the square
