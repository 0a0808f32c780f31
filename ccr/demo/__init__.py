"""`ccr demo`: a throw-away registry in which there is something to see.

Everything goes the way that it goes in earnest: through the services, with all their rules, only that the clock is
turned back while the past is told.
"""

import contextlib
import logging
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from ccr import serving
from ccr.app import Parts, Registry, create_app
from ccr.demo import stories
from ccr.demo.stories import Cast, Played
from ccr.desk import clock
from ccr.desk.clock import DAY
from ccr.desk.people import Role
from ccr.services.identity import Device, Identity
from ccr.settings import Settings, SettingsError
from ccr.site.sent_mails import sent_mails

PASSWORD = "demo-demo-demo"  # noqa: S105 - everybody's here, and no secret: it is on loopback only
FIRST_PASSWORD = "to-be-changed"  # noqa: S105 - as an admin gives it to a new agent
BEGINNING = 24 * DAY
"""How long ago the cast came, in milliseconds."""

_to_terminal = partial(print, flush=True)


class SignIn(NamedTuple):
    """How to sign in as one of the cast."""

    role: str
    name: str
    login: str
    password: str


class DemoClock:
    """The present, unless it is set back: `at` in milliseconds since 1970 UTC."""

    def __init__(self) -> None:
        self.at: int | None = None

    def now(self) -> int:
        """What the services take for the present."""
        return clock.now() if self.at is None else self.at


async def serve(settings: Settings, say: Callable[[str], None] = _to_terminal) -> None:
    """Serve a full registry until told to stop, then forget it. Of `settings` only how to serve counts.

    Raises `SettingsError` unless it is bound to loopback: everybody knows the passwords.
    """
    if not settings.bound_to_loopback:
        raise SettingsError("CCR_BIND", "must be a loopback address for the demo, whose passwords are known")
    listener = serving.listen(settings)
    host, port = listener.getsockname()[:2]
    bound = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    with tempfile.TemporaryDirectory(prefix="ccr-demo-", ignore_cleanup_errors=True) as folder:
        own = Settings.read(_environ(settings, bound, folder))
        time = DemoClock()
        registry = create_app(own, Parts(now=time.now))
        registry.site.register_blueprint(sent_mails(own.data / "mail"))
        with _quietly():
            await registry.prepare()
            sign_ins = await fill(registry, time)
        for line in _first_lines(own, sign_ins):
            say(line)
        await serving.serve(registry, own, registry.drain, listener=listener)


async def fill(registry: Registry, time: DemoClock) -> list[SignIn]:
    """Fill an empty, prepared registry, whose clock is `time`: the cast, thirty tickets, the mails of all that."""
    script = stories.script()
    present = time.now()
    try:
        time.at = present - BEGINNING
        cast = await _engage(registry, script.person)
        for at, happen in stories.scenes(registry, cast, script, present):
            time.at = at
            await happen()
    finally:
        time.at = None
    await registry.postman.drain_once()
    return [SignIn(role.role, cast[role.name].name, role.email, PASSWORD) for role in script.person]


async def _engage(registry: Registry, roles: list[Played]) -> Cast:
    """Ada by the first start's link, the agents by Ada, the customers by themselves."""
    cast: Cast = {}
    for role in roles:
        given = {
            "first_name": role.full[0],
            "last_name": role.full[1],
            "email": role.email,
            "mobile": role.mobile,
        }
        chosen = {"password": PASSWORD, "confirm_password": PASSWORD}
        if role.role == Role.ADMIN:
            invitation = await registry.first_admin.invitation()
            cast[role.name] = await registry.first_admin.accept(
                (invitation or "").partition("=")[2], given | chosen
            )
        elif role.role == Role.AGENT:
            work = {"username": role.name, "password": FIRST_PASSWORD, "gender": role.gender}
            cast[role.name] = await registry.staff.create(cast["ada"], given | work)
            await _choose_password(registry, role)
        else:
            cast[role.name] = await registry.accounts.register(given | chosen)
    return cast


async def _choose_password(registry: Registry, role: Played) -> None:
    """As every new agent must."""
    device = Device("Firefox on Linux", "127.0.0.1")
    begun = await registry.signing_in.sign_in(role.email, FIRST_PASSWORD, device)
    identity = Identity(begun.session_id, begun.person)
    given = {"current_password": FIRST_PASSWORD, "password": PASSWORD, "confirm_password": PASSWORD}
    await registry.accounts.change_password(identity, given)
    await registry.signing_in.sign_out(identity)


def _environ(settings: Settings, bound: str, folder: str) -> dict[str, str]:
    return {
        "CCR_DATA": folder,
        "CCR_BIND": bound,
        "CCR_ADMIN_READS": "on" if settings.admin_reads else "off",
        "CCR_RATE_LIMITS": "on" if settings.rate_limits else "off",
        "CCR_LOG": settings.log,
        "CCR_LOG_FORMAT": settings.log_format,
    }


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Three weeks of ordinary days are no news."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.INFO))
    try:
        yield
    finally:
        logging.disable(before)


def _first_lines(settings: Settings, sign_ins: list[SignIn]) -> Iterator[str]:
    yield f"Customer Care Registry, a demo: {settings.public_url}"
    yield f"Mails are at {settings.public_url}/dev/mail; everything is thrown away when this ends."
    yield f"Sign in with the password {PASSWORD} as"
    for person in sign_ins:
        yield f"  {person.role:<8}  {person.login:<20}  {person.name}"
