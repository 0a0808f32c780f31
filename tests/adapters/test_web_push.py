"""Notifications to browsers: signed, encrypted, and never sent into somebody's own network."""

import asyncio
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ccr.adapters import pusher_for, web_push
from ccr.adapters.public_names import THREADS, Address, is_public
from ccr.adapters.web_push import WebPusher
from ccr.ports import Push, SendFailed, Unreachable
from ccr.settings import Settings, SettingsError, push_key
from tests.push_service import HANGS_UP, Browser, PushService, push_service
from tests.waiting import PATIENCE, until

KEY = "d29ya3MtZm9yLWV2ZXJ5LWJyb3dzZXItdGhlcmUtaXM"
NOW = 1_800_000_000.0
CARLA, OMAR = 7, 8


class Post(msgspec.Struct):
    """A push service, the certificate to believe, and what sends to it."""

    service: PushService
    tls: ssl.SSLContext
    pusher: WebPusher


def pusher(tls: Any = True, **parts: Any) -> WebPusher:
    given = {"allowed": lambda address: address.is_loopback, "ports": lambda _: True} | parts
    return WebPusher(private_key=KEY, contact="mailto:care@example.org", tls=tls, now=lambda: NOW, **given)


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    async with push_service(tmp_path) as (service, tls):
        made = pusher(tls)
        yield Post(service, tls, made)
        await made.close()


def to(browser: Browser, **more: Any) -> Push:
    keys = browser.subscription()["keys"]
    given: dict[str, Any] = {
        "endpoint": browser.endpoint,
        "payload": b'{"ticket":1}',
        "topic": "t",
        "lasts": 60,
    }
    return Push(**(given | keys | more))


async def test_a_notification_is_signed_and_only_its_browser_can_read_it(post: Post) -> None:
    browser = post.service.browser()

    await post.pusher.send(to(browser))
    await post.pusher.send(to(browser, urgent=False))

    first, second = post.service.arrived
    assert first.payload == {"ticket": 1}
    assert first.key == await post.pusher.public_key()
    assert first.claims["sub"] == "mailto:care@example.org"
    assert NOW < first.claims["exp"] <= NOW + 24 * 60 * 60
    assert first.headers == {"TTL": "60", "Urgency": "high", "Topic": "t"}
    assert second.headers["Urgency"] == "normal"


async def test_one_makers_signature_is_not_another_makers(post: Post, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    async with push_service(tmp_path / "other") as (other, _):
        theirs = other.browser()
        tls = ssl.create_default_context(cafile=str(tmp_path / "push-service.crt"))
        tls.load_verify_locations(cafile=str(tmp_path / "other" / "push-service.crt"))
        both = pusher(tls)
        await both.send(to(post.service.browser()))
        await both.send(to(theirs))
        await both.close()

        assert [arrived.claims["aud"] for arrived in post.service.arrived + other.arrived] == [
            post.service.url,
            other.url,
        ]


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_is_gone_is_told_apart(post: Post, status: int) -> None:
    post.service.plan = [(status, {})]
    with pytest.raises(Unreachable):
        await post.pusher.send(to(post.service.browser()))


@pytest.mark.parametrize(
    ("status", "again"), [(400, False), (413, False), (403, True), (500, True), (503, True)]
)
async def test_what_may_pass_is_tried_again(post: Post, status: int, again: bool) -> None:
    post.service.plan = [(status, {})]
    with pytest.raises(SendFailed) as failure:
        await post.pusher.send(to(post.service.browser()))
    assert failure.value.again is again
    assert not isinstance(failure.value, Unreachable)


async def test_too_many_wait_as_long_as_was_said(post: Post) -> None:
    post.service.plan = [(429, {"Retry-After": "30"})]
    with pytest.raises(SendFailed) as failure:
        await post.pusher.send(to(post.service.browser()))
    assert (failure.value.again, failure.value.after) == (True, 30.0)


async def test_a_redirect_is_not_followed(post: Post) -> None:
    browser = post.service.browser()
    post.service.plan = [(307, {"Location": browser.endpoint})]  # where it would be taken
    with pytest.raises(SendFailed, match="answered 307"):
        await post.pusher.send(to(browser))
    assert post.service.arrived == []


async def test_a_certificate_that_nobody_vouches_for_is_not_believed(post: Post) -> None:
    careful = pusher()
    with pytest.raises(SendFailed, match="out of reach"):
        await careful.send(to(post.service.browser()))
    await careful.close()
    assert post.service.arrived == []


PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - not to bind
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "fec0::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::7f00:1",
    "64:ff9b::a00:1",
    "2002:a00:1::",
    "2001:0:a00:1::1",
]


@pytest.mark.parametrize("address", PRIVATE)
async def test_an_address_within_a_private_network_is_not_sent_to(address: str) -> None:
    assert not is_public(ip_address(address))
    host = f"[{address}]" if ":" in address else address
    careful = WebPusher(private_key=KEY, contact="mailto:care@example.org")

    assert await careful.check(f"https://{host}/push/1", CARLA) == "is within a private network"


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_an_address_on_the_open_network_is(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example/1",
        "https://push.example:22/1",
        "https://care@push.example/1",
        "https:///1",
        "https://push.example:port/",
        "file:///etc/passwd",
        "push",
    ],
)
async def test_what_is_not_plain_https_is_not_sent_to(endpoint: str) -> None:
    careful = WebPusher(private_key=KEY, contact="mailto:care@example.org")

    assert await careful.check(endpoint, CARLA)
    browser = Browser(PushService(), "x")
    with pytest.raises(Unreachable):
        await careful.send(to(browser, endpoint=endpoint))


async def test_a_name_that_leads_inside_is_found_out_when_subscribing_and_when_sending(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`localhost` stands for a name whose answer changed after it had been looked at."""
    browser = post.service.browser()
    seen: list[Address] = []

    def nowhere(address: Address) -> bool:
        seen.append(address)
        return False

    careful = pusher(post.tls, allowed=nowhere)
    assert await careful.check(browser.endpoint, CARLA) == "is within a private network"
    with pytest.raises(Unreachable, match="private network"):
        await careful.send(to(browser))
    await careful.close()
    assert post.service.arrived == []
    assert {str(address) for address in seen} <= {"127.0.0.1", "::1"}


async def test_one_inner_address_among_others_is_enough(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(*_: Any, **__: Any) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("8.8.8.8", "10.0.0.1")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    careful = WebPusher(private_key=KEY, contact="mailto:care@example.org")

    assert await careful.check("https://push.example/1", CARLA) == "is within a private network"


async def test_a_name_that_nobody_knows_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    careful = WebPusher(private_key=KEY, contact="mailto:care@example.org")

    assert (
        await careful.check("https://push.example/1", CARLA) == "is at a host that cannot be found just now"
    )


async def test_a_name_with_parts_that_none_can_have_is_not_taken() -> None:
    careful = WebPusher(private_key=KEY, contact="mailto:care@example.org")

    for host in ("push..example", f"{'a' * 64}.example"):
        assert await careful.check(f"https://{host}/1", CARLA) == "is at a host that cannot be found just now"


class NameServer:
    """Answers for everybody, but for those whose names end in `.silent.example` not before it may."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        self.may = threading.Event()
        monkeypatch.setattr(socket, "getaddrinfo", self.answer)

    def answer(self, host: str, *_: Any, **__: Any) -> list[Any]:
        self.asked.append(host)
        if host.endswith(".silent.example"):
            assert self.may.wait(30)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 443))]


async def test_names_that_nobody_answers_for_hold_up_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    names = NameServer(monkeypatch)
    monkeypatch.setattr(web_push, "LOOKING_UP", PATIENCE)
    careful = WebPusher(private_key=KEY, contact="mailto:care@example.org")
    shared = min(32, (os.cpu_count() or 1) + 4)
    silent = [f"https://n{n}.silent.example/1" for n in range(shared)]
    tries = [asyncio.create_task(careful.check(endpoint, n)) for n, endpoint in enumerate(silent)]
    await until(lambda: len(names.asked) == THREADS)

    assert await asyncio.wait_for(asyncio.to_thread(lambda: "read"), 20) == "read"

    names.may.set()
    assert await asyncio.gather(*tries) == [None] * shared


async def test_one_person_has_one_name_looked_up_at_a_time_whether_they_wait_for_it_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = NameServer(monkeypatch)
    careful = WebPusher(private_key=KEY, contact="mailto:care@example.org")
    first, *silent = [f"https://n{n}.silent.example/1" for n in range(2 * THREADS)]

    gone = asyncio.create_task(careful.check(first, CARLA))
    await until(lambda: names.asked)
    gone.cancel()
    monkeypatch.setattr(web_push, "LOOKING_UP", 0.05)
    for endpoint in silent:
        assert await careful.check(endpoint, CARLA) == "is at a host that cannot be found just now"
    monkeypatch.setattr(web_push, "LOOKING_UP", PATIENCE)
    assert await careful.check("https://push.example/1", OMAR) is None
    assert names.asked == ["n0.silent.example", "push.example"]

    waits = asyncio.create_task(careful.check("https://push.example/1", CARLA))
    await asyncio.sleep(0.05)
    assert not waits.done()
    names.may.set()
    assert await waits is None


async def test_stopping_does_not_wait_for_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    names = NameServer(monkeypatch)
    careful = WebPusher(private_key=KEY, contact="mailto:care@example.org")
    tries = [
        asyncio.create_task(careful.check(f"https://n{n}.silent.example/1", n)) for n in range(THREADS + 1)
    ]
    await until(lambda: len(names.asked) == THREADS)

    await asyncio.wait_for(careful.close(), 20)

    names.may.set()
    await asyncio.wait(tries)
    assert len(names.asked) == THREADS


async def test_silence_is_tried_again_though_it_may_have_arrived(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_push, "ANSWERING", 0.5)
    post.service.answers.clear()
    with pytest.raises(SendFailed, match="in time") as failure:
        await post.pusher.send(to(post.service.browser()))
    post.service.answers.set()
    assert (failure.value.again, failure.value.unsure) == (True, True)


async def test_who_hangs_up_is_tried_again_though_it_may_have_arrived(post: Post) -> None:
    post.service.plan = [HANGS_UP]
    with pytest.raises(SendFailed, match="hung up") as failure:
        await post.pusher.send(to(post.service.browser()))
    assert (failure.value.again, failure.value.unsure) == (True, True)


async def test_what_cannot_be_reached_in_time_has_not_arrived(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_push, "CONNECTING", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        browser = post.service.browser()
        with pytest.raises(SendFailed, match="in time") as failure:
            await post.pusher.send(to(browser, endpoint=f"https://localhost:{deaf.getsockname()[1]}/push/1"))
    assert (failure.value.again, failure.value.unsure) == (True, False)


async def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "new")
    first, second = pusher_for(settings), pusher_for(settings)

    assert await first.public_key() == await second.public_key()
    assert len(await first.public_key()) == 87
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["vapid-key"]
    assert (tmp_path / "new" / "vapid-key").stat().st_mode & 0o777 == 0o600


def test_a_damaged_key_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "vapid-key").write_text("cut")

    with pytest.raises(SettingsError, match=r"CCR_VAPID_PRIVATE_KEY .*damaged"):
        push_key(Settings(data=tmp_path))

    assert push_key(Settings(data=tmp_path, vapid_private_key=KEY)) == KEY


def test_the_libraries_are_loaded_only_by_a_notification() -> None:
    code = "import sys, ccr.adapters.web_push; sys.exit(any(n in sys.modules for n in ('pywebpush', 'requests')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
