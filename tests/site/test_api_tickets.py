"""The JSON API of tickets, as a mobile app or a bot meets it: every route, and the form of every refusal."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.live import Cast, new_key, registry_with_cast
from tests.site.accounts_app import Caller

NOBODYS = 77_777


class App:
    """The API's callers, each with the token of somebody of the cast."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast

    async def call(self, name: str, method: str, path: str, given: Any = None) -> tuple[int, Any]:
        """Status and body."""
        caller = Caller(self.cast.registry.site)
        if name in self.cast.tokens:
            caller.headers["Authorization"] = f"Bearer {self.cast.tokens[name]}"
        answer = await caller.call(method, f"/tickets{path}", given)
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.status_code, await answer.get_json()

    async def get(self, name: str, path: str = "") -> Any:
        """What is answered, which must be 200."""
        status, body = await self.call(name, "GET", path)
        assert status == 200, body
        return body

    async def ids(self, name: str, asked: str = "") -> list[int]:
        """The tickets on somebody's list."""
        return [ticket["id"] for ticket in (await self.get(name, f"?{asked}"))["tickets"]]

    async def refused(
        self, name: str, method: str, path: str, status: int, code: str, *fields: str, given: Any = None
    ) -> None:
        """The contract's form of an error, and no more than that."""
        answered, body = await self.call(name, method, path, given)
        assert (answered, body["code"]) == (status, code), body
        assert set(body) <= {"code", "message", "fields"}
        assert body["message"]
        assert set(body.get("fields", {})) == set(fields)

    async def do(self, name: str, ticket: int, kind: str, key: str = "", **fields: Any) -> tuple[int, Any]:
        """A command."""
        given = {"key": key or new_key(), "command": {"type": kind, **fields}}
        return await self.call(name, "POST", f"/{ticket}/commands", given)


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with registry_with_cast(tmp_path) as cast:
        yield App(cast)


async def test_carla_raises_a_ticket_and_the_same_key_brings_the_same_one(app: App) -> None:
    given = {"key": "carla-raises", "query": "Where is it?", "details": "Nr. 7", "priority": "high"}
    status, ticket = await app.call("carla", "POST", "", given)
    assert status == 201
    assert ticket["query"] == "Where is it?"
    assert (ticket["status"], ticket["priority"], ticket["waiting_on"]) == ("open", "high", "agent")
    assert ticket["customer"] == {"id": app.cast.id("carla"), "name": "Carla Custer"}
    assert ticket["agent"] is None
    assert (ticket["last_seq"], ticket["read_seq"], ticket["unread"], ticket["rating"]) == (1, 0, 0, None)

    assert await app.call("carla", "POST", "", given) == (201, ticket)
    await app.refused("carla", "POST", "", 409, "conflict", given=given | {"query": "Something else"})
    status, others = await app.call("omar", "POST", "", given)
    assert (status, others["id"] != ticket["id"]) == (201, True)
    assert await app.cast.count("tickets") == 2


async def test_a_ticket_raised_to_talk_to_a_person_says_so_in_its_second_entry(app: App) -> None:
    given = {"key": "carla-wishes", "query": "I want to talk to a person"}

    (status, ticket), (_, again) = [await app.call("carla", "POST", "", given) for _ in "ab"]

    assert (status, ticket["last_seq"], ticket["unread"], ticket["waiting_on"]) == (201, 2, 0, "agent")
    assert again == ticket
    timeline = await app.get("carla", f"/{ticket['id']}/timeline")
    assert [entry["type"] for entry in timeline["entries"]] == ["ticket_opened", "person_requested"]


async def test_a_ticket_that_cannot_be_raised_names_the_fields_at_fault_and_stores_nothing(app: App) -> None:
    well = {"key": "a-good-key", "query": "Where is it?"}
    for wrong, fields in [
        ({}, ["key", "query"]),
        (well | {"query": " \n "}, ["query"]),
        (well | {"query": "x" * 151}, ["query"]),
        (well | {"query": 7}, ["query"]),
        (well | {"key": "short"}, ["key"]),
        (well | {"key": "a key with blanks"}, ["key"]),
        (well | {"details": "x" * 4001}, ["details"]),
        (well | {"priority": "huge"}, ["priority"]),
        (well | {"type": "open_ticket"}, ["type"]),
    ]:
        await app.refused("carla", "POST", "", 400, "invalid", *fields, given=wrong)
    assert await app.cast.count("tickets") == 0
    longest = well | {"query": "😀" * 150, "details": "漢" * 4000}
    assert (await app.call("carla", "POST", "", longest))[0] == 201


async def test_only_customers_raise_tickets(app: App) -> None:
    for name in ("amir", "ada"):
        await app.refused("", "POST", "", 401, "unauthenticated", given={})
        await app.refused(name, "POST", "", 403, "forbidden", given={"key": "a-good-key", "query": "Hm?"})


async def test_a_conversation_by_commands_alone(app: App) -> None:
    ticket = await app.cast.ticket_with_agent()
    status, said = await app.do("carla", ticket, "post_message", key="carla-says-1", body="Hello?")
    assert status == 200
    assert (said["ticket"], said["seq"]) == (ticket, 3)
    [entry] = said["entries"]
    assert (entry["body"], entry["key"], entry["prev"], entry["actor"]["role"]) == (
        ("Hello?", "carla-says-1", 2, "customer")
    )
    again = await app.do("carla", ticket, "post_message", key="carla-says-1", body="Hello?")
    assert again == (200, said)
    status, body = await app.do("carla", ticket, "post_message", key="carla-says-1", body="Hello!")
    assert (status, body["code"]) == (409, "conflict")

    assert (await app.do("amir", ticket, "post_message", body="Hello", reply_to=3))[1]["seq"] == 4
    assert (await app.do("amir", ticket, "post_note", body="A regular"))[1]["seq"] == 5
    assert (await app.do("amir", ticket, "set_priority", priority="urgent"))[1]["seq"] == 6
    assert (await app.do("carla", ticket, "close_ticket", reason="Found it"))[1]["seq"] == 7
    assert (await app.do("carla", ticket, "close_ticket"))[1]["entries"] == []
    assert (await app.do("carla", ticket, "rate_ticket", stars=5))[1]["seq"] == 8
    assert (await app.do("ada", ticket, "reopen_ticket"))[1]["seq"] == 9
    assert (await app.do("ada", ticket, "assign_agent", agent=app.cast.id("bea")))[1]["seq"] == 10
    told = await app.get("carla", f"/{ticket}")
    assert (told["status"], told["rating"], told["agent"]["email"]) == (
        ("assigned", {"stars": 5, "comment": None}, "bea@example.org")
    )


async def test_a_command_that_is_refused_says_why_in_the_contracts_form(app: App) -> None:
    ticket = await app.cast.ticket_with_agent()
    path = f"/{ticket}/commands"
    key = {"key": "a-good-key"}
    for given, fields in [
        ({}, ["key", "command"]),
        (key | {"command": "post_message"}, ["command"]),
        (key | {"command": {}}, ["type"]),
        (key | {"command": {"type": "explode"}}, ["type"]),
        (key | {"command": {"type": "post_message"}}, ["body"]),
        (key | {"command": {"type": "post_message", "body": "x" * 4001}}, ["body"]),
        (key | {"command": {"type": "post_message", "body": "x", "colour": "red"}}, ["colour"]),
        (key | {"command": {"type": "open_ticket", "query": "x"}}, ["ticket"]),
        (key | {"command": {"type": "post_message", "body": "x"}, "ticket": ticket}, ["ticket"]),
    ]:
        await app.refused("carla", "POST", path, 400, "invalid", *fields, given=given)
    note = key | {"command": {"type": "post_note", "body": "x"}}
    message = key | {"command": {"type": "post_message", "body": "x"}}
    await app.refused("carla", "POST", path, 403, "forbidden", given=note)
    await app.refused("ada", "POST", path, 403, "forbidden", given=message)
    await app.refused("", "POST", path, 401, "unauthenticated", given=message)
    rate = key | {"command": {"type": "rate_ticket", "stars": 5}}
    await app.refused("carla", "POST", path, 409, "conflict", given=rate)
    assert await app.cast.count("entries") == 2


async def test_somebody_elses_ticket_does_not_exist(app: App) -> None:
    ticket = await app.cast.ticket_with_agent("amir")
    message = {"key": "a-good-key", "command": {"type": "post_message", "body": "x"}}
    for name in ("omar", "bea"):
        for number in (ticket, NOBODYS, 0, 2**53):
            for path in (f"/{number}", f"/{number}/timeline"):
                await app.refused(name, "GET", path, 404, "not_found")
            await app.refused(name, "POST", f"/{number}/commands", 404, "not_found", given=message)
    theirs = await app.call("omar", "GET", f"/{ticket}")
    assert theirs == await app.call("omar", "GET", f"/{NOBODYS}")


async def test_an_agent_loses_what_is_taken_from_them(app: App) -> None:
    ticket = await app.cast.ticket_with_agent("amir")
    assert (await app.get("amir", f"/{ticket}"))["agent"]["name"] == "Amir Azad"
    await app.do("ada", ticket, "assign_agent", agent=None)
    await app.refused("amir", "GET", f"/{ticket}", 404, "not_found")
    assert await app.ids("amir") == []


async def test_the_timeline_goes_both_ways_page_by_page(app: App) -> None:
    ticket = await app.cast.ticket_with_agent()
    for n in range(3, 9):
        await app.cast.do("carla", ticket, "post_message", body=f"Message {n}")

    async def page(asked: str) -> tuple[list[int], bool]:
        body = await app.get("carla", f"/{ticket}/timeline?{asked}")
        assert body["head"] == 8
        return [entry["seq"] for entry in body["entries"]], body["more"]

    assert await page("") == ([1, 2, 3, 4, 5, 6, 7, 8], False)
    assert await page("limit=3") == ([6, 7, 8], True)
    assert await page("before=6&limit=3") == ([3, 4, 5], True)
    assert await page("before=3&limit=3") == ([1, 2], False)
    assert await page("after=0&limit=3") == ([1, 2, 3], True)
    assert await page("after=3&limit=5") == ([4, 5, 6, 7, 8], False)
    assert await page("after=8") == ([], False)
    assert await page("after=2&before=5") == ([3, 4], False)


async def test_what_a_viewer_may_not_see_is_a_number_left_out_and_counts_for_no_page(app: App) -> None:
    ticket = await app.cast.ticket_with_agent()
    for n in range(3):
        await app.cast.do("amir", ticket, "post_note", body=f"Note {n}")
    await app.cast.do("amir", ticket, "post_message", body="Hello")
    seen = {}
    for name in ("carla", "amir", "ada"):
        body = await app.get(name, f"/{ticket}/timeline?limit=3")
        seen[name] = [(entry["seq"], entry["prev"]) for entry in body["entries"]]
    assert seen == {
        "carla": [(1, 0), (2, 1), (6, 2)],
        "amir": [(4, 3), (5, 4), (6, 5)],
        "ada": [(1, 0), (2, 1)],
    }


async def test_a_page_that_cannot_be_meant_is_invalid(app: App) -> None:
    ticket = await app.cast.raise_ticket()
    for asked, field in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("after=-1", "after"),
        ("after=x", "after"),
        ("before=1.5", "before"),
        ("before=99999999999", "before"),
        ("after=1&after=2", "after"),
        ("page=2", "page"),
    ]:
        await app.refused("carla", "GET", f"/{ticket}/timeline?{asked}", 400, "invalid", field)


async def test_each_role_lists_its_own_with_counts(app: App) -> None:
    first = await app.cast.ticket_with_agent("amir")
    second = await app.cast.raise_ticket("omar")
    assert await app.ids("carla") == [first]
    assert await app.ids("omar") == [second]
    assert await app.ids("amir") == [first]
    assert await app.ids("bea") == []
    assert await app.ids("ada") == [second, first]
    counts = (await app.get("ada"))["counts"]
    assert (counts["open"], counts["assigned"], counts["closed"]) == (1, 1, 0)
    assert (counts["unassigned"], counts["waiting_on_agent"]) == (1, 2)
    await app.refused("", "GET", "", 401, "unauthenticated")


async def test_a_list_is_narrowed(app: App) -> None:
    parcel = await app.cast.raise_ticket(query="My PARCEL from Zürich")
    given = await app.cast.ticket_with_agent("amir")
    closed = await app.cast.raise_ticket("omar")
    await app.do("omar", closed, "close_ticket")
    assert await app.ids("ada", "status=open") == [parcel]
    assert await app.ids("ada", "status=closed") == [closed]
    assert await app.ids("ada", f"agent={app.cast.id('amir')}") == [given]
    assert await app.ids("ada", "q=parcel") == [parcel]
    assert await app.ids("ada", "q=z%C3%BCrich") == [parcel]
    assert await app.ids("ada", "q=odell") == [closed]
    assert await app.ids("ada", f"q=%23{given}") == [given]
    assert await app.ids("carla", "q=odell") == []
    assert await app.ids("carla", "status=assigned&q=order") == [given]


async def test_a_list_goes_on_at_its_cursor(app: App) -> None:
    made = [await app.cast.raise_ticket(query=f"Question {n}") for n in range(5)]
    found, asked = [], "limit=2"
    for _ in range(3):
        page = await app.get("carla", f"?{asked}")
        found += [ticket["id"] for ticket in page["tickets"]]
        asked = f"limit=2&cursor={page['cursor']}"
    assert page["cursor"] is None
    assert sorted(found) == sorted(made)
    assert len(set(found)) == 5


async def test_a_list_that_cannot_be_meant_is_invalid(app: App) -> None:
    for asked, field in [
        ("status=lost", "status"),
        ("agent=amir", "agent"),
        ("limit=0", "limit"),
        ("cursor=nonsense", "cursor"),
        ("q=%00", "q"),
        ("status=open&status=closed", "status"),
        ("colour=red", "colour"),
    ]:
        await app.refused("ada", "GET", f"?{asked}", 400, "invalid", field)


async def test_of_ones_own_messages_the_key_comes_back_and_of_others_not(app: App) -> None:
    ticket = await app.cast.ticket_with_agent()
    await app.do("carla", ticket, "post_message", key="carla-says-1", body="Hello?")
    for name, keys in (("carla", 2), ("amir", 0)):
        entries = (await app.get(name, f"/{ticket}/timeline"))["entries"]
        assert sum("key" in entry for entry in entries) == keys


async def test_a_message_is_taken_back_for_everybody(app: App) -> None:
    ticket = await app.cast.ticket_with_agent()
    await app.do("carla", ticket, "post_message", body="My password is hunter2")
    assert (await app.do("carla", ticket, "redact_message", of=3))[0] == 200
    for name in ("carla", "amir"):
        body = await app.get(name, f"/{ticket}/timeline")
        assert "hunter2" not in str(body)
        assert body["entries"][2]["redacted"] is True
