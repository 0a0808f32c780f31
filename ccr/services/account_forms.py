"""What is asked of people about themselves: every form and JSON body about accounts, closed and with its limits."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

from ccr.desk.checking import Id, check
from ccr.desk.commands import Stars, Text
from ccr.desk.people import Gender
from ccr.desk.refusals import Code, Refusal, invalid

NAME_LENGTH = 100
EMAIL_LENGTH = 254
PASSWORD_LENGTHS = (8, 128)

# No control characters, line breaks or marks that turn the direction of writing: a name stands in headers and lists.
_NAME = r"\A[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*\Z"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = rf"\A(?=[^@]{{1,64}}@){_ATOM}(\.{_ATOM})*@({_LABEL}\.)+{_LABEL}\Z"

Name = Annotated[
    str, Meta(min_length=1, max_length=NAME_LENGTH, pattern=_NAME, description="must be on one line")
]
Email = Annotated[
    str, Meta(min_length=3, max_length=EMAIL_LENGTH, pattern=_EMAIL, description="is not an e-mail address")
]
Mobile = Annotated[
    str,
    Meta(
        max_length=32,
        pattern=r"\A(?=(?:[^0-9]*[0-9]){5,20}[^0-9]*\Z)[0-9 +()-]+\Z",
        description="must have 5 to 20 digits, and otherwise only blanks and + ( ) -",
    ),
]
Username = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=64,
        pattern=r"\A[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z",
        description="may hold letters, digits and, in between, . _ -",
    ),
]
Password = Annotated[str, Meta(min_length=PASSWORD_LENGTHS[0], max_length=PASSWORD_LENGTHS[1])]
TriedPassword = Annotated[str, Meta(min_length=1, max_length=PASSWORD_LENGTHS[1])]
TriedCode = Annotated[
    str, Meta(max_length=64, pattern=r"\A[A-Za-z0-9_-]{6,64}\Z", description="has six digits")
]

TRIMMED = ("first_name", "last_name", "email", "mobile", "username", "code")
"""Fields in which blanks at either end are a slip of the hand, and dropped."""


class Form(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A closed set of fields."""


class Registration(Form, frozen=True):
    """A customer registers."""

    first_name: Name
    last_name: Name
    email: Email
    mobile: Mobile
    password: Password
    confirm_password: Password


class SignIn(Form, frozen=True):
    """Who, by one of the two, and the proof."""

    password: TriedPassword
    email: Annotated[str, Meta(min_length=1, max_length=EMAIL_LENGTH)] | UnsetType = UNSET
    username: Annotated[str, Meta(min_length=1, max_length=EMAIL_LENGTH)] | UnsetType = UNSET


class ProfileChange(Form, frozen=True):
    """What people change about themselves."""

    first_name: Name | UnsetType = UNSET
    last_name: Name | UnsetType = UNSET
    mobile: Mobile | UnsetType = UNSET
    gender: Gender | UnsetType | None = UNSET


class PasswordChange(Form, frozen=True):
    """A new password by whoever knows the old one."""

    current_password: TriedPassword
    password: Password
    confirm_password: Password


class CodeRequest(Form, frozen=True):
    """Somebody has forgotten their password."""

    email: Email


class AddressToMail(Form, frozen=True):
    """An address that mail came back from, and may be tried again."""

    address: Annotated[str, Meta(min_length=1, max_length=EMAIL_LENGTH)]


class CodeUse(Form, frozen=True):
    """A new password by whoever reads the mail."""

    email: Annotated[str, Meta(min_length=1, max_length=EMAIL_LENGTH)]
    code: TriedCode
    password: Password
    confirm_password: Password


class MobileRequest(Form, frozen=True):
    """Somebody wants texts to this number."""

    mobile: Mobile


class MobileProof(Form, frozen=True):
    """The code that was texted to it."""

    code: TriedCode


class MobileSwitch(Form, frozen=True):
    """Texts on or off."""

    texts: bool


class SubscriptionKeys(Form, frozen=True):
    """A browser's own, for which its notifications are encrypted."""

    p256dh: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{87}=?\Z", description="is 65 bytes in base64url")]
    auth: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{22}(==)?\Z", description="is 16 bytes in base64url")]


class NewSubscription(Form, frozen=True):
    """A browser asks for notifications, in the words of its `PushSubscription`."""

    endpoint: Annotated[
        str, Meta(min_length=1, max_length=1000, pattern=r"\A[!-~]+\Z", description="is not an address")
    ]
    keys: SubscriptionKeys
    # Nobody goes by it: an endpoint that is no more says so when it is used.
    expiration_time: Annotated[float, Meta(ge=0)] | None = field(default=None, name="expirationTime")


class NewAgent(Form, frozen=True):
    """An admin makes an agent, with a password to be changed."""

    first_name: Name
    last_name: Name
    email: Email
    mobile: Mobile
    username: Username
    password: Password
    gender: Gender | None = None


class AgentChange(Form, frozen=True):
    """What an admin changes about an agent; a password given here is to be changed by them."""

    first_name: Name | UnsetType = UNSET
    last_name: Name | UnsetType = UNSET
    email: Email | UnsetType = UNSET
    mobile: Mobile | UnsetType = UNSET
    username: Username | UnsetType = UNSET
    password: Password | UnsetType = UNSET
    gender: Gender | UnsetType | None = UNSET
    active: bool | UnsetType = UNSET


class NewFeedback(Form, frozen=True):
    """What a customer or an agent tells the admins."""

    about: Literal["service", "agent"]
    body: Text
    ticket: Id | None = None
    stars: Stars | None = None


F = TypeVar("F", bound=Form)


def read(shape: type[F], given: object) -> F:
    """`given` as a `shape`. Raises `Refusal` `invalid` that names every field at fault, an unequal confirmation too."""
    if isinstance(given, Mapping):
        given = {name: _trimmed(name, value) for name, value in given.items()}
    try:
        made = check(shape, given)
    except Refusal as refusal:
        if fault := _unequal(given):
            raise Refusal(Code.INVALID, refusal.message, fields=refusal.fields | fault) from None
        raise
    if fault := _unequal(given):
        raise Refusal(Code.INVALID, "The two passwords differ.", fields=fault)
    return made


def changes(form: Form) -> dict[str, Any]:
    """The fields that were given, and what they are to become."""
    given = {name: getattr(form, name) for name in form.__struct_fields__}
    return {name: value for name, value in given.items() if value is not UNSET}


def given_login(form: SignIn) -> str:
    """The e-mail or the username. Raises `invalid` unless exactly one of them is given."""
    logins = [login for login in (form.email, form.username) if isinstance(login, str)]
    if len(logins) != 1:
        raise invalid(email="or username is required, and not both")
    return logins[0]


def _trimmed(name: str, value: object) -> object:
    return value.strip() if name in TRIMMED and isinstance(value, str) else value


def _unequal(given: object) -> dict[str, str]:
    if not isinstance(given, Mapping):
        return {}
    first, second = given.get("password"), given.get("confirm_password")
    if isinstance(first, str) and isinstance(second, str) and first != second:
        return {"confirm_password": "is not the same as the password"}
    return {}
