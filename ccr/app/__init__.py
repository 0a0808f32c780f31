"""The whole registry, put together: the only room that knows everyone."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from ccr import adapters, package_files
from ccr.adapters.assistant_embedded import EmbeddedAssistant
from ccr.adapters.passwords import Argon2Passwords
from ccr.adapters.pictures import PillowPictures
from ccr.adapters.search_lunr import LunrShelf
from ccr.app.carriers import carriers
from ccr.app.site import blueprints, quart_site
from ccr.desk import clock
from ccr.ports import Assistant, FileStore, Hasher, Mailer, Pictures, Pusher, Texter
from ccr.realtime.drain import drain
from ccr.realtime.handlers import Handlers
from ccr.realtime.mounting import mounted, same_origin
from ccr.realtime.nodes import Line
from ccr.realtime.publisher import SocketPublisher
from ccr.realtime.server import Server
from ccr.realtime.sockets import Sockets
from ccr.realtime.spread import SpreadPublisher
from ccr.realtime.words import Seal
from ccr.services import allowance
from ccr.services.accounts import Accounts
from ccr.services.alarms import Alarms
from ccr.services.assistance import Assistance
from ccr.services.attachments import Attachments
from ccr.services.canned_replies import CannedReplies
from ccr.services.catching_up import CatchingUp
from ccr.services.changes import Changes
from ccr.services.community import Community
from ccr.services.exports import Exports
from ccr.services.feedback import FeedbackBox
from ccr.services.first_admin import FirstAdmin
from ccr.services.help_centre import HelpCentre, shipped
from ccr.services.identity import Identity
from ccr.services.mobiles import Mobiles
from ccr.services.moderation import Moderation
from ccr.services.notice_choices import NoticeChoices
from ccr.services.notice_traces import NoticeTraces
from ccr.services.opening_hours import OpeningHours
from ccr.services.patience import Patience
from ccr.services.portraits import Portraits
from ccr.services.postman import Postman
from ccr.services.published import Image, Published
from ccr.services.reading import Reading
from ccr.services.refusal_log import RefusalLog
from ccr.services.resets import Resets
from ccr.services.signing_in import SigningIn
from ccr.services.staff import Staff
from ccr.services.subscriptions import Subscriptions
from ccr.services.sweeping import Sweeper
from ccr.services.ticket_bot import TicketBot
from ccr.services.uploads import Uploads
from ccr.settings import Settings, signing_key
from ccr.site import assets, guards
from ccr.site.addresses import BehindProxies
from ccr.store import schema
from ccr.store.database import Database


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a test, or somebody who embeds the registry, hands in instead of what the settings choose."""

    mailer: Mailer | None = None
    texter: Texter | None = None
    pusher: Pusher | None = None
    hasher: Hasher | None = None
    line: Line | None = None
    files: FileStore | None = None
    pictures: Pictures | None = None
    assistant: Assistant | None = None
    now: Callable[[], int] = clock.now


class Registry:
    """A registry ready to be served: an ASGI application, and the services behind it."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self.settings = settings
        self.draining = False
        self._prepared = False
        self.parts = parts
        self._build_live(settings)
        self._build_services(settings)
        self._build_site(settings)
        self._asgi = BehindProxies(mounted(self.server, self.site), settings.trusted_proxies)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI."""
        await self._asgi(scope, receive, send)

    async def prepare(self) -> None:
        """Check the schema and put in what a new registry starts with. Raises `SchemaError`; again is harmless."""
        if self._prepared:
            return
        # An embedded database is brought up to date here; another is for an operator to migrate.
        if self.database.dialect.name == "sqlite":
            await self.database.write(schema.migrate)
        await self.database.read(schema.check)
        await self.canned_replies.ship_defaults()
        await self.help_centre.ship(shipped(*each) for each in package_files.shipped_articles().items())
        if self.settings.admin_email and self.settings.admin_password:
            await self.first_admin.from_settings(self.settings.admin_email, self.settings.admin_password)
        if self.assistant is not None:
            await self.assistant.prepare()
        self._prepared = True

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """From a prepared database to closed connections; what the server's lifespan goes through."""
        await self.prepare()
        working = [
            asyncio.create_task(worker.run()) for worker in (self.postman, self.sweeper, self.published)
        ]
        if isinstance(self.publisher, SpreadPublisher):
            working.append(asyncio.create_task(self.publisher.nodes.run()))
        if self.bot is not None:
            self.changes.heard_by(self.bot.heard)  # not before: a past that is being told needs no answers
            working.append(asyncio.create_task(self.bot.run()))
        try:
            yield
        finally:
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
            if self.bot is not None:
                await self.bot.close()
            await self.database.close()
            await self.files.close()
            self.hasher.close()
            self.pictures.close()
            if self.assistant is not None:
                await self.assistant.close()

    async def drain(self) -> None:
        """Not ready any more, and everybody is told and let go."""
        self.draining = True
        await drain(self.server, self.sockets, self._lanes)

    def _build_live(self, settings: Settings) -> None:
        self.refusals = RefusalLog(on=settings.rate_limits)
        self.server = Server(allowed_origin=same_origin(settings.public_url))
        self.sockets = Sockets()
        self.publisher = self._publisher(settings)

    def _publisher(self, settings: Settings) -> SocketPublisher:
        seal = Seal(signing_key(settings))
        line = self.parts.line or adapters.line_for(settings, seal.line)
        reads = settings.admin_reads
        if line is None:
            return SocketPublisher(self.server, self.sockets, admins_read=reads)
        return SpreadPublisher(self.server, self.sockets, line=line, seal=seal, admins_read=reads)

    def _build_services(self, settings: Settings) -> None:
        now, secret = self.parts.now, signing_key(settings)
        self.database = Database(*adapters.database_driver(settings))
        self.hasher = self.parts.hasher or Argon2Passwords()
        database, hasher, publisher = self.database, self.hasher, self.publisher
        wake = self._wake
        self._build_files(settings)
        self.changes = Changes(
            database,
            publisher,
            has_assistant=self.parts.assistant is not None or settings.assistant != "off",
            admins_read=settings.admin_reads,
            now=now,
            wake=wake,
            sweep=self.sweeper.wake,
            allowance=allowance.of_commands(on=settings.rate_limits),
        )
        self.reading = Reading(database, publisher, admins_read=settings.admin_reads, now=now)
        publisher.reads_with(self.reading.summaries)
        if isinstance(publisher, SpreadPublisher):
            publisher.catches_up_with(CatchingUp(database), self.reading)
        self.alarms = Alarms(database, publisher, secret=secret)
        self.signing_in = SigningIn(database, hasher, publisher, alarms=self.alarms, now=now, wake=wake)
        self.resets = Resets(database, hasher, publisher, secret=secret, now=now, wake=wake)
        self.accounts = Accounts(database, hasher, publisher, self.changes, now=now, wake=wake)
        self.exports = Exports(database)
        self.staff = Staff(database, hasher, publisher, self.changes, now=now, wake=wake)
        self.first_admin = FirstAdmin(database, hasher, self.resets, secret=secret, now=now, wake=wake)
        self.feedback = FeedbackBox(database, now=now)
        self.canned_replies = CannedReplies(database)
        self.help_centre = HelpCentre(database, LunrShelf, secret=secret, now=now)
        self.community = Community(database, now=now, wake=wake)
        self.moderation = Moderation(database, now=now, wake=wake)
        embedded = EmbeddedAssistant(self.help_centre.search)
        self.assistant = self.parts.assistant or adapters.assistant_for(settings, embedded)
        self.patience = Patience(database, unanswered_after=settings.unanswered_after, now=now)
        self.hours = OpeningHours(database, now=now, changed=self.patience.forget_hours)
        self.assistance = Assistance(self.assistant, embedded, self.hours, secret=secret)
        self.bot: TicketBot | None = self._build_bot()  # `None` for who wants nobody to speak unasked
        self.notice_choices = NoticeChoices(database, secret=secret, home=settings.public_url)
        self.notice_traces = NoticeTraces(
            database, reports=adapters.reports_for(settings), now=now, wake=wake
        )
        self._build_reach(settings, secret)

    def _build_bot(self) -> TicketBot:
        """Who answers on tickets, where there is an assistant, and says to those who wait when to expect an answer."""
        return TicketBot(
            self.database,
            self.changes,
            self.help_centre,
            self.assistant,
            self.patience,
            self.hours,
            now=self.parts.now,
        )

    def _build_reach(self, settings: Settings, secret: str) -> None:
        """How people hear of something while they are away."""
        database, now = self.database, self.parts.now
        self.texter = self.parts.texter or adapters.texter_for(settings)
        self.pusher = self.parts.pusher or adapters.pusher_for(settings)
        self.mobiles = Mobiles(
            database,
            secret=secret,
            offered=self.texter is not None,
            country=settings.sms_country,
            now=now,
            wake=self._wake,
        )
        self.subscriptions = Subscriptions(database, self.pusher, now=now)
        self.postman = Postman(database, carriers(self), now=now)

    def _build_files(self, settings: Settings) -> None:
        database, now = self.database, self.parts.now
        self.files = self.parts.files or adapters.files_for(settings)
        self.pictures = self.parts.pictures or PillowPictures()
        self.sweeper = Sweeper(database, self.files, now=now)
        self.attachments = Attachments(
            database, self.files, self.pictures, admins_read=settings.admin_reads, now=now
        )
        self.uploads = Uploads(database, self.attachments, now=now, sweep=self.sweeper.wake)
        self.portraits = Portraits(database, self.files, self.pictures, now=now, sweep=self.sweeper.wake)

    def _wake(self) -> None:
        self.postman.wake()

    def _build_site(self, settings: Settings) -> None:
        built = assets.Assets(package_files.static_folder())
        images = {name: Image(*image) for name, image in built.images().items()}
        self.published = Published(self.files, images)
        self.site = quart_site(self, built)
        self._token_in = guards.install(self.site, settings, self.signing_in)
        for blueprint in blueprints(self, built):
            self.site.register_blueprint(blueprint)
        self.site.while_serving(self._serving)
        handlers = Handlers(
            self.server,
            self.sockets,
            self.publisher,
            self.changes,
            self.reading,
            self._identify,
            self.refusals,
            limits=settings.rate_limits,
        )
        self._lanes = handlers.lanes

    async def _serving(self) -> AsyncGenerator[None, None]:
        async with self.running():
            yield

    async def reachable(self) -> None:
        """Ask the database something. Raises what its driver raises."""
        await self.database.read(lambda connection: connection.row("SELECT COUNT(*) FROM schema_versions"))

    async def _identify(self, environ: dict[str, Any], token: str | None) -> Identity | None:
        found = token or self._token_in(environ.get("HTTP_COOKIE", ""))
        return await self.signing_in.identify(found) if found else None


def create_app(settings: Settings, parts: Parts | None = None) -> Registry:
    """The registry that the settings describe, its outside parts replaced by those handed in."""
    return Registry(settings, parts or Parts())
