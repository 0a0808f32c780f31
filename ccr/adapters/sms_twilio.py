"""Text messages through Twilio's Messages API: one form, posted. Its errors tell by a number whose fault it is."""

from base64 import b64encode

import aiohttp
import msgspec

from ccr.adapters.asking import TOO_MANY, explained, seconds
from ccr.ports import SendFailed, Text, Unreachable

CONNECTING = 5.0
ANSWERING = 15.0
"""Seconds: less than the postman has for one text, so that he hears why."""

BODY_LENGTH = 1_600
"""Characters that Twilio takes."""

MOST_READ = 16 * 1024
"""Bytes of an answer that are looked at."""

NOBODY_THERE = frozenset({21211, 21217, 21401, 21421, 21610, 21614})
"""Not a number, not a mobile one, or its owner answered STOP: nothing more is to be sent there."""

OUR_FAULT = frozenset({
    20003, 20404, 21212, 21408, 21603, 21606, 21611, 21659, 21660, 21661, 21701, 21703, 21704, 63038,
})  # fmt: skip
"""Account, sender, countries allowed, amount per day: the text is right, and goes once the account is."""


class _Answer(msgspec.Struct):
    """So much of it as is of use: what Twilio calls the text, or by which number it tells whose fault it is."""

    sid: str | None = None
    code: int | None = None


_decode = msgspec.json.Decoder(_Answer).decode


class TwilioTexter:
    """Sends from `sender`: a number or name of the account's, or its messaging service's SID. `close` it at the end."""

    most = 20

    def __init__(self, *, account_sid: str, auth_token: str, sender: str, host: str) -> None:
        self._url = f"{host.rstrip('/')}/2010-04-01/Accounts/{account_sid}/Messages.json"
        self._authorization = "Basic " + b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._sender = {"MessagingServiceSid" if sender.startswith("MG") else "From": sender}
        self._session: aiohttp.ClientSession | None = None

    async def send(self, text: Text) -> str | None:
        """Hand it over. Raises `SendFailed`; after a timeout it may have been taken all the same.

        Twilio has no place for our number of it; what is known of a text that arrived twice is Twilio's own.
        """
        form = {"To": text.to, "Body": text.body[:BODY_LENGTH]} | self._sender
        with explained("Twilio"):
            async with self._opened().post(self._url, data=form, allow_redirects=False) as answer:
                said = await _read(answer)
                if answer.status not in {200, 201}:
                    raise failure(answer.status, said.code, answer.headers.get("Retry-After"))
                return said.sid[:100] if said.sid else None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        """Made when first used, since it belongs to the event loop that is running then."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                headers={"Authorization": self._authorization},
                timeout=aiohttp.ClientTimeout(total=ANSWERING, connect=CONNECTING),
            )
        return self._session


def failure(status: int, code: int | None, retry_after: str | None) -> SendFailed:
    """By the numbers alone: what Twilio writes beside them quotes the phone number."""
    reason = f"Twilio answered {status}" + (f" (error {code})" if code else "")
    if code in NOBODY_THERE:
        return Unreachable(reason)
    if status == 429:
        return SendFailed(reason, again=True, after=seconds(retry_after, TOO_MANY))
    again = status >= 500 or status in {401, 403, 404, 408} or code in OUR_FAULT
    return SendFailed(reason, again=again)


async def _read(answer: aiohttp.ClientResponse) -> _Answer:
    body = b""
    async for part in answer.content.iter_any():
        body += part
        if len(body) > MOST_READ:
            break
    try:
        return _decode(body)
    except msgspec.DecodeError:
        return _Answer()
