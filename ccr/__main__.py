"""The command line: `ccr` serves; `ccr demo`, `ccr migrate`, `ccr admin EMAIL` and `ccr check` do what they say."""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

from ccr import adapters, logs, serving
from ccr.desk.refusals import Refusal
from ccr.settings import Settings, SettingsError
from ccr.site.assets import AssetsMissing
from ccr.store import schema
from ccr.store.database import Database

if TYPE_CHECKING:
    from ccr.app import Registry

T = TypeVar("T")


def main(argv: Sequence[str] | None = None) -> None:
    """Do what was asked; what is wrong with it is one line on standard error and exit status 2."""
    asked = _parser().parse_args(argv)
    try:
        settings = Settings.read(os.environ)
        logs.set_up(settings.log, settings.log_format)
        _COMMANDS[asked.command or "serve"](settings, asked)
    except (SettingsError, schema.SchemaError, serving.CannotListen, AssetsMissing) as error:
        print(f"ccr: {error}", file=sys.stderr)
        raise SystemExit(2) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ccr", description="The Customer Care Registry.")
    commands = parser.add_subparsers(dest="command", metavar="command")
    commands.add_parser("serve", help="serve the registry (what happens without a command, too)")
    commands.add_parser("demo", help="serve a throw-away registry full of lively tickets, on loopback only")
    commands.add_parser("migrate", help="bring the database's schema up to this version")
    admin = commands.add_parser("admin", help="make somebody an admin: prints a link to set their password")
    admin.add_argument("email", metavar="EMAIL")
    commands.add_parser("check", help="see whether everything outside can be reached")
    return parser


def _serve(settings: Settings, _: argparse.Namespace) -> None:
    async def serve() -> None:
        from ccr.app import create_app

        listener = serving.listen(settings)
        registry = create_app(settings)
        try:
            await registry.prepare()
        except Refusal as refusal:
            raise SettingsError("CCR_ADMIN_EMAIL", refusal.message) from None
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


def _migrate(settings: Settings, _: argparse.Namespace) -> None:
    ran = asyncio.run(_with_database(settings, lambda database: database.write(schema.migrate)))
    print("\n".join(f"migrated: {name}" for name in ran) or f"the schema is up to date ({schema.NEWEST})")


def _admin(settings: Settings, asked: argparse.Namespace) -> None:
    async def make() -> str:
        from ccr.app import create_app

        registry = create_app(settings)
        async with registry.running():
            return await registry.first_admin.make_admin(asked.email)

    try:
        link = asyncio.run(make())
    except Refusal as refusal:
        raise SettingsError("EMAIL", refusal.message) from None
    print(f"Open this link within a day to set the password:\n{settings.public_url}{link}")


def _check(settings: Settings, _: argparse.Namespace) -> None:
    async def look(database: Database) -> float:
        started = perf_counter()
        await database.read(schema.check)
        return perf_counter() - started

    try:
        seconds = asyncio.run(_with_database(settings, look))
    except Refusal as refusal:
        print(f"database: out of reach. {refusal.message}")
        raise SystemExit(1) from None
    print(f"database: reachable, schema {schema.NEWEST}, {seconds * 1000:.1f} ms")


async def _with_database(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    database = Database(*adapters.database_driver(settings))
    try:
        return await work(database)
    finally:
        await database.close()


_COMMANDS = {"serve": _serve, "demo": _demo, "migrate": _migrate, "admin": _admin, "check": _check}

if __name__ == "__main__":
    main()
