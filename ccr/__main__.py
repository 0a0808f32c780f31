"""The command line: `ccr` serves; `ccr demo`, `ccr migrate`, `ccr admin EMAIL` and `ccr check` do what they say."""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ccr import checks, logs, operating, serving, setting_values
from ccr.desk.refusals import Code, Refusal
from ccr.settings import Settings, SettingsError
from ccr.site.assets import AssetsMissing
from ccr.store import schema

if TYPE_CHECKING:
    from ccr.app import Registry

_FORESEEN = (
    SettingsError,
    schema.SchemaError,
    operating.DatabaseTrouble,
    serving.CannotListen,
    AssetsMissing,
)


def main(argv: Sequence[str] | None = None) -> None:
    """Do what was asked; what is wrong with it is one line on standard error and exit status 2."""
    asked = _parser().parse_args(argv)
    try:
        settings = Settings.read(os.environ)
        logs.set_up(settings.log, settings.log_format)
        _COMMANDS[asked.command or "serve"](settings, asked)
    except _FORESEEN as error:
        print(f"ccr: {error}", file=sys.stderr)
        raise SystemExit(2) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ccr", description="The Customer Care Registry.")
    commands = parser.add_subparsers(dest="command", metavar="command")
    commands.add_parser("serve", help="serve the registry (what happens without a command, too)")
    commands.add_parser("demo", help="serve a throw-away registry full of lively tickets, on loopback only")
    migrate = commands.add_parser("migrate", help="bring the database's schema up to this version")
    only = migrate.add_mutually_exclusive_group()
    only.add_argument("--print", action="store_true", dest="show", help="show the SQL instead of running it")
    only.add_argument(
        "--grants", metavar="USER", help="show the SQL that lets this user of DB2 serve, and do nothing else"
    )
    admin = commands.add_parser("admin", help="make somebody an admin: prints a link to set their password")
    admin.add_argument("email", metavar="EMAIL", type=setting_values.email)
    commands.add_parser("check", help="see whether everything outside can be reached")
    return parser


def _serve(settings: Settings, _: argparse.Namespace) -> None:
    async def serve() -> None:
        from ccr.app import create_app

        with serving.listen(settings) as listener:
            registry = create_app(settings)
            with _told("CCR_ADMIN_EMAIL"):
                await registry.prepare()
            serving.settle()
            for line in await _first_lines(registry, listener.getsockname()):
                print(line, flush=True)
            await serving.serve(registry, settings, registry.drain, listener=listener)

    serving.run(serve())


async def _first_lines(registry: "Registry", bound: tuple[str, int]) -> list[str]:
    """What somebody who has just started it wants to know."""
    settings = registry.settings
    lines = [
        f"Customer Care Registry: {settings.public_url} (listening on {bound[0]}:{bound[1]})",
        f"Data: {settings.data.resolve()}",
    ]
    if invitation := await registry.first_admin.invitation():
        lines.append(f"There is no admin yet. Become the first: {settings.public_url}{invitation}")
    return lines


def _demo(settings: Settings, _: argparse.Namespace) -> None:
    from ccr import demo

    serving.run(demo.serve(settings))


def _migrate(settings: Settings, asked: argparse.Namespace) -> None:
    if asked.grants is not None:
        print(operating.grants(settings, asked.grants))
    elif asked.show:
        print(operating.migration(settings))
    else:
        ran = operating.migrate(settings)
        print("\n".join(f"migrated: {name}" for name in ran) or f"the schema is up to date ({schema.NEWEST})")


def _admin(settings: Settings, asked: argparse.Namespace) -> None:
    async def make() -> str:
        from ccr.app import create_app

        registry = create_app(settings)
        async with registry.running():
            return await registry.first_admin.make_admin(asked.email)

    with _told("EMAIL"):
        link = asyncio.run(make())
    print(f"Open this link within a day to set the password:\n{settings.public_url}{link}")


def _check(settings: Settings, _: argparse.Namespace) -> None:
    found = checks.run(settings)
    print(checks.report(found))
    if not checks.passed(found):
        raise SystemExit(1)


@contextmanager
def _told(name: str) -> Iterator[None]:
    """A refusal is about what `name` says, unless the database is at fault."""
    try:
        with operating.explained():
            yield
    except Refusal as refusal:
        if refusal.code is Code.UNAVAILABLE:
            raise operating.DatabaseTrouble(
                "it cannot be used just now", "see what `ccr check` says"
            ) from None
        raise SettingsError(name, refusal.message) from None


_COMMANDS = {"serve": _serve, "demo": _demo, "migrate": _migrate, "admin": _admin, "check": _check}

if __name__ == "__main__":
    main()
