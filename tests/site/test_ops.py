"""What those who run it ask: is it alive, is it ready, what is it doing; and who may ask the last."""

import asyncio
from typing import Any

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from ccr import metrics
from ccr.settings import Settings
from ccr.site import ops
from ccr.site.ops import operations

TOKEN = "prometheus-reads-this"
HERE = {"client": ("127.0.0.1", 50_000)}
ELSEWHERE = {"client": ("192.0.2.7", 50_000)}


class Desk:
    """What readiness depends on."""

    draining = False
    error: Exception | None = None
    hangs = False

    async def reachable(self) -> None:
        if self.error:
            raise self.error
        if self.hangs:
            await asyncio.Event().wait()


def client(desk: Desk, **environ: str) -> Client:
    app = Quart(__name__, static_folder=None)
    settings = Settings.read(environ)
    app.register_blueprint(
        operations(settings, reachable=desk.reachable, draining=lambda: desk.draining),
    )
    return app.test_client()


async def test_it_is_ready_while_the_database_answers() -> None:
    response = await client(Desk()).get("/readyz")

    assert (response.status_code, await response.get_json()) == (200, {"status": "ready"})
    assert response.headers["Cache-Control"] == "no-store"


async def test_it_is_alive_but_not_ready_once_it_is_stopping() -> None:
    desk = Desk()
    desk.draining = True

    assert (await client(desk).get("/healthz")).status_code == 200
    response = await client(desk).get("/readyz")

    assert (response.status_code, await response.get_json()) == (503, {"status": "stopping"})


async def test_it_is_not_ready_when_the_database_fails_or_hangs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ops, "READY_WITHIN", 0.01)
    failing, hanging = Desk(), Desk()
    failing.error = OSError("db2://care:s3cretword@db.example is gone")
    hanging.hangs = True

    for desk in (failing, hanging):
        response = await client(desk).get("/readyz")
        assert (response.status_code, await response.get_json()) == (503, {"status": "database unreachable"})
        assert (await client(desk).get("/healthz")).status_code == 200

    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "s3cretword" not in caplog.text


@pytest.mark.parametrize(
    ("allowed", "scope", "headers", "status"),
    [
        ("loopback", HERE, {}, 200),
        ("loopback", {"client": ("::1", 1)}, {}, 200),
        ("loopback", ELSEWHERE, {}, 404),
        ("loopback", HERE, {"X-Forwarded-For": "127.0.0.1"}, 404),
        ("loopback", HERE, {"Forwarded": "for=192.0.2.7"}, 404),
        ("loopback", {"client": None}, {}, 404),
        ("loopback", {"client": ("a socket's file", None)}, {}, 404),
        ("off", HERE, {}, 404),
        (TOKEN, ELSEWHERE, {"Authorization": f"Bearer {TOKEN}"}, 200),
        (TOKEN, HERE, {}, 404),
        (TOKEN, HERE, {"Authorization": "Bearer wrong"}, 404),
        (TOKEN, HERE, {"Authorization": TOKEN}, 404),
        (TOKEN, HERE, {"Authorization": "Bearer prométheus"}, 404),
    ],
)
async def test_only_those_who_may_read_the_metrics(
    allowed: str, scope: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    response = await client(Desk(), CCR_METRICS=allowed).get("/metrics", headers=headers, scope_base=scope)

    assert response.status_code == status


async def test_the_metrics_say_what_goes_on() -> None:
    metrics.SOCKETS.set(3)
    metrics.COMMANDS.labels("post_message", "ok").inc()
    metrics.COMMIT_SECONDS.observe(0.002)
    metrics.QUEUE_DEPTH.labels("writer").set(0)
    metrics.OUTBOX_AGE_SECONDS.set_function(lambda: 12.5)

    response = await client(Desk()).get("/metrics", scope_base=HERE)
    said = await response.get_data(as_text=True)

    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "ccr_sockets 3.0" in said
    assert 'ccr_commands_total{kind="post_message",outcome="ok"}' in said
    assert 'ccr_commit_seconds_bucket{le="0.0025"}' in said
    assert 'ccr_queue_depth{queue="writer"} 0.0' in said
    assert "ccr_outbox_age_seconds 12.5" in said
    assert "process_resident_memory_bytes" in said
