"""Logs: one line an event, and nothing in it that should not be."""

import io
import json
import logging
import re

import pytest

from ccr import logs
from ccr.realtime.server import Server

log = logging.getLogger("ccr.tests")


@pytest.fixture
def lines() -> io.StringIO:
    return io.StringIO()


def test_an_event_is_one_line_with_its_fields(lines: io.StringIO) -> None:
    logs.set_up("info", "text", lines)

    log.info("mail sent", extra={"kind": "ticket_opened", "to": "two words"})

    at, rest = lines.getvalue().split(" ", 1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", at)
    assert rest == 'INFO ccr.tests: mail sent kind=ticket_opened to="two words"\n'


def test_an_event_as_json(lines: io.StringIO) -> None:
    logs.set_up("info", "json", lines)

    log.info("mail sent", extra={"tries": 2, "kind": "welcome"})

    line = json.loads(lines.getvalue())
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "ccr.tests",
        "event": "mail sent",
        "tries": 2,
        "kind": "welcome",
    }


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_error_is_one_line_that_says_where(lines: io.StringIO, form: str) -> None:
    logs.set_up("info", form, lines)

    try:
        int("two\nlines")
    except ValueError:
        log.exception("a command failed")

    (line,) = lines.getvalue().splitlines()
    assert "ValueError: invalid literal" in line
    assert "test_logs.py:" in line


def test_nobody_can_forge_a_line(lines: io.StringIO) -> None:
    logs.set_up("info", "text", lines)

    log.info("refused %s", "a\n2026-01-01T00:00:00.000Z INFO ccr: all is well\x1b[2K\u2028")

    assert len(lines.getvalue().splitlines()) == 1
    assert "\x1b" not in lines.getvalue()


def test_the_level_is_the_operators(lines: io.StringIO) -> None:
    logs.set_up("warning", "text", lines)

    log.info("calm")
    log.warning("look here")

    assert "calm" not in lines.getvalue()
    assert "look here" in lines.getvalue()


@pytest.mark.parametrize("chatty", ["engineio.server", "socketio", "python_http_client", "ibm_botocore.auth"])
def test_libraries_that_print_packets_and_keys_stay_quiet_even_when_debugging(
    lines: io.StringIO, chatty: str
) -> None:
    logs.set_up("debug", "text", lines)

    logging.getLogger(chatty).debug("Authorization: everything")
    logging.getLogger(chatty).info("packet with what Carla wrote")

    assert lines.getvalue() == ""


@pytest.mark.parametrize("name", ["engineio.server", "socketio.server"])
def test_what_the_socket_server_complains_of_is_one_line_too(
    lines: io.StringIO, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    library = logging.getLogger(name)
    monkeypatch.setattr(library, "handlers", [])
    monkeypatch.setattr(library, "level", logging.NOTSET)
    logs.set_up("info", "json", lines)

    Server(allowed_origin=lambda *_: True)
    library.error("Invalid transport")

    assert library.handlers == []
    assert json.loads(lines.getvalue())["event"] == "Invalid transport"


@pytest.mark.parametrize(
    "said",
    [
        "Authorization: Bearer s3cretword",
        "cannot reach db2://care:s3cretword@db.example:50000/CARE",
        "POST /reset?token=s3cretword&x=1",
        "{'api_key': 's3cretword'}",
        "key SG.s3cretword.s3cretword refused",
        "password=s3cretword",
    ],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_what_looks_like_a_secret_is_masked(lines: io.StringIO, form: str, said: str) -> None:
    logs.set_up("info", form, lines)

    log.warning("%s", said)
    log.warning("careless", extra={"detail": said})

    assert "s3cretword" not in lines.getvalue()
    assert "***" in lines.getvalue()


def test_a_one_time_code_is_masked_and_the_code_of_a_refusal_is_not(lines: io.StringIO) -> None:
    logs.set_up("info", "text", lines)

    log.info("sent code=123456")
    log.info("refused", extra={"code": "rate_limited"})

    assert "123456" not in lines.getvalue()
    assert "code=rate_limited" in lines.getvalue()
