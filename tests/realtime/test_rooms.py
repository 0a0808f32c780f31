"""Who goes is in no room any more, and nobody is looked through for that."""

from tests.live import Live
from tests.waiting import until


async def test_who_goes_leaves_every_room_and_nothing_behind(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla, amir = await live.on_ticket(ticket, "carla", "amir")
    await carla.ask("watch", {})
    rooms = live.registry.server.manager
    [hers] = [socket.sid for socket in live.registry.sockets.all() if socket.person.id == live.id("carla")]
    assert len(rooms._of[hers]) == 4  # everybody's, her own, the ticket's, her list's

    await carla.ask("leave", {"ticket": ticket})
    assert len(rooms._of[hers]) == 3
    await carla.close()
    await until(lambda: hers not in rooms._of)

    assert {sid for room in rooms.rooms["/"].values() for sid in room} == set(rooms._of) != set()
    await amir.close()
    await until(lambda: not rooms._of)
    assert (rooms.rooms, rooms.pending_connect, rooms.pending_disconnect) == ({}, {}, {})


async def test_who_is_not_let_in_leaves_nothing_behind_either(live: Live) -> None:
    raw = await live.raw()
    await raw.hear()
    await raw.say("40")
    assert (await raw.hear()).startswith("44")
    rooms = live.registry.server.manager
    await until(lambda: not rooms._of)
    assert (rooms.rooms, rooms.pending_connect) == ({}, {})


async def test_going_looks_at_nobody_elses_rooms(live: Live) -> None:
    carla, *_ = [await live.connect(name) for name in ("carla", "omar", "bea", "amir")]
    rooms = live.registry.server.manager
    looked = []

    class Watched(dict):  # type: ignore[type-arg]
        def items(self) -> object:  # type: ignore[override]
            looked.append(1)
            return super().items()

        copy = None  # type: ignore[assignment]

    rooms.rooms["/"] = Watched(rooms.rooms["/"])
    await carla.close()
    await until(lambda: len(rooms._of) == 3)
    assert looked == []
