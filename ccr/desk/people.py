"""Who takes part: customers, agents and admins."""

from enum import StrEnum
from typing import Any

import msgspec


class Role(StrEnum):
    """What somebody is to the registry. `BOT` is an actor in timelines, never a login."""

    CUSTOMER = "customer"
    AGENT = "agent"
    ADMIN = "admin"
    BOT = "bot"


class Gender(StrEnum):
    """As an agent's form asks it; unknown is `None`."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"


DELETED_CUSTOMER = "deleted customer"
"""What a customer who deleted their account is called from then on."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may sign in. `active` is false once deactivated or deleted."""

    id: int
    role: Role
    first_name: str
    last_name: str
    email: str | None
    mobile: str | None
    username: str | None = None
    gender: Gender | None = None
    must_change_password: bool = False
    active: bool = True

    @property
    def name(self) -> str:
        """First and last name, as others see it."""
        return full_name(self.first_name, self.last_name)

    def wire(self) -> dict[str, Any]:
        """The person as the contract writes it, for themselves and for admins."""
        body: dict[str, Any] = {
            "id": self.id,
            "role": self.role.value,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "name": self.name,
            "email": self.email,
            "mobile": self.mobile,
            "gender": self.gender.value if self.gender else None,
        }
        if self.username is not None:
            body["username"] = self.username
        if self.must_change_password:
            body["must_change_password"] = True
        if not self.active:
            body["active"] = False
        return body


def full_name(first_name: str, last_name: str) -> str:
    """How a name is written everywhere."""
    return f"{first_name} {last_name}".strip()
