"""What the API says about itself is so."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from quart import Quart

from ccr.adapters.assistant_embedded import EmbeddedAssistant
from ccr.adapters.local import LocalFiles
from ccr.adapters.pictures import PillowPictures
from ccr.desk.commands import OpenTicket, PostMessage
from ccr.services.assistance import Assistance
from ccr.services.attachments import Attachments
from ccr.services.changes import Changes
from ccr.services.portraits import Portraits
from ccr.services.reading import Reading
from ccr.services.suggesting import Suggesting
from ccr.services.uploads import Uploads
from ccr.site.api_files import files_api
from ccr.site.api_help import help_api
from ccr.site.api_portraits import portraits_api
from ccr.site.api_tickets import tickets_api
from ccr.site.openapi import describe, openapi_api
from ccr.site.paths import BASE
from tests.accounts_house import CARLA, SECRET, House, open_house, with_password
from tests.site.accounts_app import Caller, make_app, make_settings


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
def app(house: House, tmp_path: Path) -> Iterator[Quart]:
    made = make_app(house, make_settings(tmp_path))
    changes = Changes(house.database, house.publisher)
    made.register_blueprint(tickets_api(changes, Reading(house.database, house.publisher)))
    pictures = PillowPictures()
    attachments = Attachments(house.database, LocalFiles(tmp_path / "files"), pictures)
    made.register_blueprint(files_api(attachments, Uploads(house.database, attachments)))
    portraits = Portraits(house.database, LocalFiles(tmp_path / "files"), pictures)
    made.register_blueprint(portraits_api(portraits))
    made.register_blueprint(
        help_api(house.help_centre, assistance(house), Suggesting(house.database, house.help_centre.search))
    )
    made.register_blueprint(openapi_api())
    yield made
    pictures.close()


def assistance(house: House) -> Assistance:
    embedded = EmbeddedAssistant(house.help_centre.search)
    return Assistance(embedded, embedded, house.hours, secret=SECRET)


def test_every_json_route_is_described_and_nothing_else(app: Quart) -> None:
    served = {
        (method.lower(), re.sub(r"<[^:>]+:\w+>", "{id}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    described = {(method, path) for path, methods in describe()["paths"].items() for method in methods}

    assert described == served


def references(part: Any) -> set[str]:
    """The names that are referred to."""
    if isinstance(part, dict):
        here = {part["$ref"].rpartition("/")[2]} if "$ref" in part else set()
        return here.union(*(references(inner) for inner in part.values()))
    return set().union(*(references(inner) for inner in part)) if isinstance(part, list) else set()


def test_every_shape_that_is_named_is_there() -> None:
    described = describe()

    assert references(described) <= set(described["components"]["schemas"])


def test_whatever_is_sent_along_may_be_refused_for_its_form() -> None:
    silent = [
        (method, path)
        for path, methods in describe()["paths"].items()
        for method, operation in methods.items()
        if "requestBody" in operation and "400" not in operation["responses"]
    ]

    assert silent == []


async def test_anybody_may_read_it(app: Quart) -> None:
    response = await Caller(app).call("GET", "/openapi.json")

    assert response.status_code == 200
    assert await response.get_json() == describe()


BROWSER = {"endpoint": "https://push.example/1", "keys": {"p256dh": "B" + "a" * 86, "auth": "b" * 22}}

KINDS = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "null": type(None)}


def fits(value: Any, shape: Any, schemas: dict[str, Any]) -> bool:
    """So much of JSON Schema as is used to describe answers."""
    if "$ref" in shape:
        return fits(value, schemas[shape["$ref"].rpartition("/")[2]], schemas)
    for word, enough in (("anyOf", any), ("oneOf", any), ("allOf", all)):
        if word in shape:
            return enough(fits(value, part, schemas) for part in shape[word])
    if "type" in shape and not isinstance(value, KINDS[shape["type"]]):
        return False
    if isinstance(value, list):
        return all(fits(item, shape.get("items", {}), schemas) for item in value)
    if isinstance(value, dict):
        inner = shape.get("properties", {})
        known = all(fits(value[name], inner[name], schemas) for name in inner if name in value)
        return known and set(shape.get("required", [])) <= set(value)
    return value in shape.get("enum", [value])


async def test_answers_have_the_shapes_described(house: House, app: Quart) -> None:
    ada, carla = await house.admin(), await house.customer()
    amir = await house.agent(ada)
    opened = await house.changes.carry_out(carla, None, "opening-1", OpenTicket(query="My kettle is cold"))
    await house.feedback.write(carla, {"about": "service", "body": "Fine"})
    await house.canned_replies.ship_defaults()
    callers = {
        "Carla": await Caller(app).sign_in("carla@example.org"),
        "Ada": await Caller(app).sign_in("ada@example.org"),
        "nobody": Caller(app),
    }
    ticket = f"/tickets/{opened.ticket}"
    command = {"key": "message-1", "command": {"type": "post_message", "body": "Hello"}}
    asked: list[tuple[str, str, str, str, Any]] = [
        ("Carla", "GET", "/me", "/me", None),
        ("Carla", "GET", "/sessions", "/sessions", None),
        ("Carla", "GET", "/me/export", "/me/export", None),
        ("Carla", "PATCH", "/me", "/me", {"gender": "female"}),
        ("Carla", "POST", "/me/mobile", "/me/mobile", {"mobile": "+49 151 12345678"}),
        ("Carla", "GET", "/me/mobile", "/me/mobile", None),
        ("Carla", "PATCH", "/me/mobile", "/me/mobile", {"texts": True}),
        ("Carla", "POST", "/me/mobile/confirm", "/me/mobile/confirm", {"code": "123456"}),
        ("Carla", "POST", "/me/notifications", "/me/notifications", BROWSER),
        ("Carla", "GET", "/me/notifications", "/me/notifications", None),
        ("Carla", "DELETE", "/me/notifications/4711", "/me/notifications/{id}", None),
        ("Carla", "POST", "/tickets", "/tickets", {"key": "opening-2", "query": "And the toaster"}),
        ("Carla", "POST", f"{ticket}/commands", "/tickets/{id}/commands", command),
        ("Carla", "GET", "/tickets", "/tickets", None),
        ("Carla", "GET", ticket, "/tickets/{id}", None),
        ("Carla", "GET", f"{ticket}/timeline", "/tickets/{id}/timeline", None),
        ("Carla", "GET", f"{ticket}/suggestions", "/tickets/{id}/suggestions", None),
        ("Ada", "GET", "/agents", "/agents", None),
        ("Ada", "PATCH", f"/agents/{amir.id}", "/agents/{id}", {"active": False}),
        ("Ada", "GET", "/feedback", "/feedback", None),
        ("Ada", "GET", "/canned-replies", "/canned-replies", None),
        ("nobody", "POST", "/customers", "/customers", with_password(CARLA | {"email": "c@example.org"})),
        ("nobody", "POST", "/customers", "/customers", {}),
        ("nobody", "GET", "/me", "/me", None),
        ("nobody", "POST", "/assistant", "/assistant", {"text": "I want to register"}),
        ("nobody", "POST", "/assistant", "/assistant", {"text": ""}),
        ("nobody", "GET", "/help?q=code", "/help", None),
        ("Carla", "GET", "/agents", "/agents", None),
        ("Carla", "GET", "/tickets/4711", "/tickets/{id}", None),
    ]
    described = describe()

    for who, method, path, template, body in asked:
        response = await callers[who].call(method, path, body)
        answers = described["paths"][f"/api/v1{template}"][method.lower()]["responses"]
        assert str(response.status_code) in answers, (method, path, response.status_code)
        shape = answers[str(response.status_code)]["content"]["application/json"]["schema"]
        given = await response.get_json()
        assert fits(given, shape, described["components"]["schemas"]), (method, path, given)


@pytest.mark.parametrize("wrong", ["99999999999999999", "\u0661", "-1", "x"])
async def test_what_cannot_be_an_id_is_not_there_by_any_method(house: House, app: Quart, wrong: str) -> None:
    await house.admin()
    ada = await Caller(app).sign_in("ada@example.org")

    answered = {
        (method, path): (await ada.call(method.upper(), path.removeprefix(BASE).format(id=wrong))).status_code
        for path, methods in describe()["paths"].items()
        if "{id}" in path
        for method in methods
    }

    assert set(answered.values()) == {404}, answered


def test_what_may_be_sent_is_closed() -> None:
    schemas = describe()["components"]["schemas"]

    for name in (
        "Registration",
        "SignIn",
        "NewAgent",
        "NewTicket",
        OpenTicket.__name__,
        PostMessage.__name__,
    ):
        assert schemas[name]["additionalProperties"] is False
    assert schemas["Registration"]["properties"]["email"]["maxLength"] == 254
    assert "\\A" not in str(schemas)
