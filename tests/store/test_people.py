"""People and what they sign in with."""

import msgspec
import pytest

from ccr.desk.people import DELETED_CUSTOMER, Gender, Role
from ccr.store import people
from ccr.store.dialects import Trouble
from tests.accounts_house import OMAR
from tests.store.contract import NO_ID, NOW, Store


class TestPeople:
    def test_somebody_is_found_with_everything_that_was_kept(self, store: Store) -> None:
        assert people.find(store.connection, store.amir.id) == store.amir
        assert store.amir.gender is Gender.MALE
        assert people.created_at(store.connection, store.amir.id) == NOW

    def test_nobody_is_nobody(self, store: Store) -> None:
        assert people.find(store.connection, NO_ID) is None
        assert people.credentials(store.connection, NO_ID) is None
        assert people.created_at(store.connection, NO_ID) == 0

    @pytest.mark.parametrize("login", ["amir", "AMIR", " amir@Example.ORG "])
    def test_a_login_is_an_email_or_a_username_in_upper_or_lower_case(self, store: Store, login: str) -> None:
        found = people.by_login(store.connection, login)
        assert found is not None
        assert (found.person, found.password_hash) == (store.amir, "hash of Amir")
        assert people.owner(store.connection, login) == store.amir.id

    @pytest.mark.parametrize("login", ["", "nobody@example.org", "ami", "amir%", "😀" * 300, "a" * 255])
    def test_what_nobody_signs_in_with_is_free(self, store: Store, login: str) -> None:
        assert people.by_login(store.connection, login) is None
        assert people.owner(store.connection, login) is None

    def test_a_login_belongs_to_one_person(self, store: Store) -> None:
        with pytest.raises(Exception) as raised:  # noqa: PT011 - each driver has its own
            store.add(Role.CUSTOMER, OMAR)
        assert store.connection.dialect.trouble(raised.value) is Trouble.DUPLICATE

    def test_many_may_be_without_a_username_or_an_email(self, store: Store) -> None:
        nameless = msgspec.structs.replace(store.carla, id=0, email=None)
        first = people.add(store.connection, nameless, None, NOW)
        second = people.add(store.connection, nameless, None, NOW)
        assert first.id != second.id
        credentials = people.credentials(store.connection, second.id)
        assert credentials is not None
        assert credentials.password_hash is None

    def test_by_role_they_come_by_name_the_deactivated_too(self, store: Store) -> None:
        people.save(store.connection, msgspec.structs.replace(store.amir, first_name="Zahir", active=False))
        names = [person.first_name for person in people.with_role(store.connection, Role.AGENT)]
        assert names == ["Bea", "Zahir"]
        assert people.any_with_role(store.connection, Role.ADMIN)
        assert not people.any_with_role(store.connection, Role.BOT)

    def test_a_new_login_takes_the_old_ones_place(self, store: Store) -> None:
        moved = msgspec.structs.replace(store.carla, email="carla@example.net", last_name="Ça-Ünal 漢")
        people.save(store.connection, moved)
        assert people.find(store.connection, store.carla.id) == moved
        assert people.owner(store.connection, "carla@example.org") is None
        assert people.owner(store.connection, "carla@example.net") == store.carla.id

    def test_a_password_is_set_and_rehashed_only_while_it_is_the_same(self, store: Store) -> None:
        people.set_password(store.connection, store.amir.id, "new", must_change=True)
        people.rehash(store.connection, store.amir.id, "old", "stolen")
        people.rehash(store.connection, store.amir.id, "new", "newer")
        found = people.credentials(store.connection, store.amir.id)
        assert found is not None
        assert (found.password_hash, found.person.must_change_password) == ("newer", True)

    def test_whoever_is_forgotten_leaves_a_row_and_nothing_about_them(self, store: Store) -> None:
        people.forget(store.connection, store.carla.id, NOW + 1)
        [row] = store.connection.rows(
            "SELECT first_name, last_name, email, mobile, password_hash, active, deleted_at FROM people "
            "WHERE id = ?",
            store.carla.id,
        )
        assert row == (DELETED_CUSTOMER, "", None, None, None, 0, NOW + 1)
        assert people.owner(store.connection, "carla@example.org") is None

    @pytest.mark.parametrize(
        ("column", "value"),
        [("role", "'boss'"), ("gender", "'none'"), ("active", "2"), ("first_name", "NULL")],
    )
    def test_the_database_itself_refuses_what_cannot_be(self, store: Store, column: str, value: str) -> None:
        with pytest.raises(Exception) as raised:  # noqa: PT011
            store.connection.run(f"UPDATE people SET {column} = {value} WHERE id = ?", store.carla.id)  # noqa: S608
        assert store.connection.dialect.trouble(raised.value) is Trouble.OTHER
