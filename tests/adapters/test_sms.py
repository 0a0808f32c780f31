"""Text messages: as files, and through a stand-in that refuses what Twilio would."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ccr.adapters import sms_twilio, texter_for
from ccr.adapters.sms_file import FileTexter
from ccr.adapters.sms_twilio import TwilioTexter
from ccr.ports import SendFailed, Text, Unreachable
from ccr.settings import Settings
from tests.specs import spec
from tests.twilio import ACCOUNT, CUT, PAGE, SENDER, TOKEN, Twilio, twilio

TEXT = Text(
    outbox_id=7, to="+4915112345678", body="A reply waits: https://care.example/tickets/1 ✓", kind="x"
)
NOW = 1_763_717_400_123


@pytest.fixture
async def double() -> AsyncIterator[Twilio]:
    async with twilio() as served:
        yield served


def texter(double: Twilio, sender: str = SENDER, token: str = TOKEN) -> TwilioTexter:
    return TwilioTexter(account_sid=ACCOUNT, auth_token=token, sender=sender, host=double.host)


@pytest.fixture
async def carrier(double: Twilio) -> AsyncIterator[TwilioTexter]:
    made = texter(double)
    yield made
    await made.close()


@pytest.mark.parametrize("sender", [SENDER, "MG" + "0" * 32, "Care"])
async def test_what_is_sent_is_what_twilio_describes(sender: str) -> None:
    async with twilio(spec("twilio_messages_subset.json")) as double:
        carrier = texter(double, sender)
        assert (await carrier.send(TEXT) or "").startswith("SM")
        await carrier.close()

        by = "MessagingServiceSid" if sender.startswith("MG") else "From"
        assert double.sent == [{"To": TEXT.to, "Body": TEXT.body, by: sender}]


async def test_what_twilio_would_not_take_is_refused_by_its_stand_in() -> None:
    async with twilio(spec("twilio_messages_subset.json")) as double:
        for sender, to in (("MG12", TEXT.to), (SENDER, "0151 1234")):
            carrier = texter(double, sender)
            with pytest.raises(SendFailed):
                await carrier.send(msgspec.structs.replace(TEXT, to=to))
            await carrier.close()
        assert double.sent == []


@pytest.mark.parametrize("code", [21211, 21610, 21614])
async def test_a_number_that_wants_or_takes_no_texts_is_given_up(
    carrier: TwilioTexter, double: Twilio, code: int
) -> None:
    double.plan = [(400, code, {})]
    with pytest.raises(Unreachable) as failure:
        await carrier.send(TEXT)
    assert not failure.value.again
    assert failure.value.reason == f"Twilio answered 400 (error {code})"


@pytest.mark.parametrize(
    ("status", "code", "again"),
    [
        (400, 21604, False),
        (400, None, False),
        (302, None, False),
        (400, 21606, True),
        (400, 21408, True),
        (401, 20003, True),
        (401, None, True),
        (403, None, True),
        (404, None, True),
        (408, None, True),
        (404, 20404, True),
        (500, None, True),
        (503, 20503, True),
    ],
)
async def test_what_is_wrong_with_the_account_or_with_twilio_is_tried_again(
    carrier: TwilioTexter, double: Twilio, status: int, code: int | None, again: bool
) -> None:
    double.plan = [(status, code, {"Location": "http://127.0.0.1:1/"})]
    with pytest.raises(SendFailed) as failure:
        await carrier.send(TEXT)
    assert failure.value.again is again
    assert not isinstance(failure.value, Unreachable)


@pytest.mark.parametrize(("named", "after"), [("42", 42.0), ("soon", 10.0), (None, 10.0)])
async def test_too_many_texts_wait_as_long_as_was_said(
    carrier: TwilioTexter, double: Twilio, named: str | None, after: float
) -> None:
    double.plan = [(429, 20429, {"Retry-After": named} if named else {})]
    with pytest.raises(SendFailed) as failure:
        await carrier.send(TEXT)
    assert (failure.value.again, failure.value.after) == (True, after)


async def test_silence_is_tried_again(
    carrier: TwilioTexter, double: Twilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sms_twilio, "ANSWERING", 0.05)
    double.plan = [None]
    with pytest.raises(SendFailed, match="in time") as failure:
        await carrier.send(TEXT)
    assert failure.value.again


async def test_an_answer_that_breaks_off_is_no_reason_to_give_up(
    carrier: TwilioTexter, double: Twilio
) -> None:
    double.plan = [CUT]
    with pytest.raises(SendFailed, match="hung up") as failure:
        await carrier.send(TEXT)
    assert (failure.value.again, failure.value.unsure) == (True, True)


async def test_a_proxys_page_in_the_place_of_an_answer_is_tried_again(
    carrier: TwilioTexter, double: Twilio
) -> None:
    double.plan = [PAGE]
    with pytest.raises(SendFailed, match="answered 502") as failure:
        await carrier.send(TEXT)
    assert failure.value.again


async def test_nothing_that_fails_tells_the_number_or_the_token() -> None:
    carrier = TwilioTexter(account_sid=ACCOUNT, auth_token=TOKEN, sender=SENDER, host="http://127.0.0.1:1")
    with pytest.raises(SendFailed) as failure:
        await carrier.send(TEXT)
    await carrier.close()
    assert failure.value.again
    for secret in (TOKEN, TEXT.to, TEXT.body):
        assert secret not in failure.value.reason


async def test_a_text_as_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    carrier = FileTexter(tmp_path / "sms", now=lambda: NOW)
    await carrier.send(TEXT)
    await carrier.close()

    [path] = (tmp_path / "sms").iterdir()
    assert path.name == "20251121T093000.123Z-000007-x.txt"
    assert path.read_text() == f"To: {TEXT.to}\nOutbox: 7\nKind: x\n\n{TEXT.body}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_full_disk_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "sms").write_text("not a folder")
    with pytest.raises(SendFailed) as failure:
        await FileTexter(tmp_path / "sms").send(TEXT)
    assert failure.value.again


def test_the_settings_choose_who_carries_texts() -> None:
    account: dict[str, Any] = {
        "twilio_account_sid": ACCOUNT,
        "twilio_auth_token": TOKEN,
        "twilio_from": SENDER,
    }

    assert isinstance(texter_for(Settings()), FileTexter)
    assert isinstance(texter_for(Settings(sms="twilio", **account)), TwilioTexter)
    assert texter_for(Settings(sms="off")) is None
    assert texter_for(Settings(public_url="https://care.example", secret_key="k" * 40)) is None
