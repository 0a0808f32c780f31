"""Sessions, devices, one-time codes and wrong tries."""

import msgspec
import pytest

from ccr.store import codes, people, sessions, wrong_tries
from ccr.store.codes import Code
from ccr.store.dialects import Trouble
from tests.store.contract import NO_ID, NOW, Store


def begin(store: Store, token: str, at: int = NOW) -> int:
    """A session of Carla's."""
    return sessions.add(store.connection, store.carla.id, token * 64, "Firefox – Linux", "2001:db8::1", at)


class TestSessions:
    def test_a_token_leads_to_its_person_while_it_is_used(self, store: Store) -> None:
        session = begin(store, "a")
        assert sessions.find(store.connection, "a" * 64, NOW - 1) == (session, NOW, store.carla)
        assert sessions.find(store.connection, "a" * 64, NOW) is None
        assert sessions.find(store.connection, "b" * 64, 0) is None
        sessions.touch(store.connection, session, NOW + 9)
        assert sessions.find(store.connection, "a" * 64, NOW) == (session, NOW + 9, store.carla)

    def test_whoever_was_deactivated_is_signed_in_nowhere(self, store: Store) -> None:
        begin(store, "a")
        people.save(store.connection, msgspec.structs.replace(store.carla, active=False))
        assert sessions.find(store.connection, "a" * 64, 0) is None

    def test_the_last_used_comes_first(self, store: Store) -> None:
        first, second, third = (begin(store, token, NOW + n) for n, token in enumerate("abc"))
        sessions.touch(store.connection, first, NOW + 9)
        listed = sessions.of_person(store.connection, store.carla.id, 0)
        assert [session.id for session in listed] == [first, third, second]
        assert (listed[0].device, listed[0].address, listed[0].created_at) == (
            "Firefox – Linux",
            "2001:db8::1",
            NOW,
        )
        assert len(sessions.of_person(store.connection, store.carla.id, NOW + 2)) == 1

    def test_only_its_person_ends_a_session(self, store: Store) -> None:
        session = begin(store, "a")
        assert not sessions.end(store.connection, session, store.omar.id)
        assert sessions.end(store.connection, session, store.carla.id)
        assert not sessions.end(store.connection, session, store.carla.id)

    def test_all_end_but_the_one_that_asks_and_the_idle_by_themselves(self, store: Store) -> None:
        first, second, third = (begin(store, token, NOW + n) for n, token in enumerate("abc"))
        sessions.end_idle(store.connection, store.carla.id, NOW)
        assert sorted(sessions.end_all(store.connection, store.carla.id, but=second)) == [third]
        assert [each.id for each in sessions.of_person(store.connection, store.carla.id, 0)] == [second]
        assert sessions.end_all(store.connection, store.carla.id) == [second]
        assert first not in (second, third)

    def test_a_device_has_its_sessions_and_those_that_may_be_its_own(self, store: Store) -> None:
        unknown, later = begin(store, "a"), begin(store, "b", NOW + 1)
        phone, again, other = (
            sessions.add(store.connection, store.carla.id, token * 64, "Phone", "?", NOW, device * 64)
            for token, device in (("c", "x"), ("d", "x"), ("e", "y"))
        )

        def at(devices: set[str], since: int) -> list[int]:
            found = sessions.at_devices(store.connection, store.carla.id, devices, since)
            return [session.id for session in found]

        assert at({"x" * 64}, NOW + 2) == [phone, again]
        assert at({"x" * 64, "y" * 64}, NOW + 1) == [later, phone, again, other]
        assert at(set(), NOW) == [unknown, later]
        assert sessions.at_devices(store.connection, store.omar.id, {"x" * 64}, 0) == []
        assert sessions.person_of(store.connection, phone, NOW) == store.carla.id
        assert sessions.person_of(store.connection, phone, NOW + 1) is None

    def test_a_token_is_one_sessions(self, store: Store) -> None:
        begin(store, "a")
        with pytest.raises(Exception) as raised:  # noqa: PT011 - each driver has its own
            begin(store, "a")
        assert store.connection.dialect.trouble(raised.value) is Trouble.DUPLICATE

    def test_devices_are_known_until_they_are_forgotten(self, store: Store) -> None:
        carla = store.carla.id
        assert not sessions.knows_any_device(store.connection, carla)
        strange = [
            sessions.remember_device(store.connection, carla, device * 64, at)
            for at, device in ((NOW, "a"), (NOW + 1, "b"), (NOW + 2, "a"))
        ]
        assert strange == [True, True, False]
        assert sessions.devices(store.connection, carla) == {"a" * 64: NOW + 2, "b" * 64: NOW + 1}
        assert sessions.knows_device(store.connection, carla, "a" * 64)
        assert not sessions.knows_device(store.connection, store.omar.id, "a" * 64)
        sessions.forget_devices(store.connection, carla, NOW + 2)
        assert list(sessions.devices(store.connection, carla)) == ["a" * 64]
        sessions.forget_device(store.connection, store.omar.id, "a" * 64)
        assert sessions.knows_device(store.connection, carla, "a" * 64)
        sessions.forget_device(store.connection, carla, "a" * 64)
        assert not sessions.knows_device(store.connection, carla, "a" * 64)
        sessions.remember_device(store.connection, carla, "c" * 64, NOW)
        sessions.forget_all_devices(store.connection, carla)
        assert not sessions.knows_any_device(store.connection, carla)


class TestCodes:
    def test_a_person_has_one_code_the_last(self, store: Store) -> None:
        for text in ("first", "second"):
            codes.put(store.connection, store.carla.id, Code(text, NOW, 2))
        assert codes.find(store.connection, store.carla.id) == Code("second", NOW, 2)
        assert codes.find(store.connection, store.omar.id) is None

    def test_tries_are_counted_down_to_nothing(self, store: Store) -> None:
        codes.put(store.connection, store.carla.id, Code("code", NOW, 2))
        for left in (1, 0, 0):
            codes.count_wrong(store.connection, store.carla.id)
            found = codes.find(store.connection, store.carla.id)
            assert found is not None
            assert found.tries_left == left

    def test_what_is_used_is_gone(self, store: Store) -> None:
        codes.put(store.connection, store.carla.id, Code("code", NOW, 2))
        codes.drop(store.connection, store.carla.id)
        codes.drop(store.connection, store.carla.id)
        assert codes.find(store.connection, store.carla.id) is None

    def test_nobody_has_no_code(self, store: Store) -> None:
        with pytest.raises(Exception):  # noqa: B017, PT011
            codes.put(store.connection, NO_ID, Code("code", NOW, 2))


class TestWrongTries:
    def test_tries_count_in_their_bucket_from_a_time_on(self, store: Store) -> None:
        name, other = wrong_tries.bucket("carla", "laptop"), wrong_tries.bucket("carla")
        for at in (NOW + 2, NOW, NOW + 1):
            wrong_tries.add(store.connection, name, at)
        wrong_tries.add(store.connection, other, NOW)
        assert wrong_tries.times(store.connection, name, NOW) == [NOW + 1, NOW + 2]
        assert wrong_tries.times(store.connection, other, 0) == [NOW]

    def test_one_that_was_right_is_taken_back(self, store: Store) -> None:
        first, _ = (wrong_tries.add(store.connection, "bucket", NOW + n) for n in range(2))
        wrong_tries.take_back(store.connection, first)
        assert wrong_tries.times(store.connection, "bucket", 0) == [NOW + 1]

    def test_old_ones_and_whole_buckets_go(self, store: Store) -> None:
        for name in ("one", "two"):
            for at in (NOW, NOW + 1):
                wrong_tries.add(store.connection, name, at)
        wrong_tries.tidy(store.connection, NOW + 1)
        assert wrong_tries.times(store.connection, "one", 0) == [NOW + 1]
        wrong_tries.clear(store.connection, "one")
        assert wrong_tries.times(store.connection, "one", 0) == []
        assert wrong_tries.times(store.connection, "two", 0) == [NOW + 1]

    def test_a_bucket_tells_nobody_whose_it_is(self) -> None:
        assert "carla" not in wrong_tries.bucket("carla@example.org", 1)
        assert len(wrong_tries.bucket("😀\ud800" * 99)) == 64
