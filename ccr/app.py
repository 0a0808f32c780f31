"""The whole registry, put together: the only file that knows everyone."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from quart import Quart

from ccr import adapters, package_files
from ccr.adapters.assistant_embedded import EmbeddedAssistant
from ccr.adapters.mail_templates import JinjaTemplates
from ccr.adapters.passwords import Argon2Passwords
from ccr.adapters.pictures import PillowPictures
from ccr.adapters.search_lunr import LunrShelf
from ccr.desk import clock
from ccr.desk.notices import Channel
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
from ccr.services.carrying import Carrier
from ccr.services.catching_up import CatchingUp
from ccr.services.changes import Changes
from ccr.services.community import Community
from ccr.services.feedback import FeedbackBox
from ccr.services.first_admin import FirstAdmin
from ccr.services.help_centre import HelpCentre, shipped
from ccr.services.identity import Identity
from ccr.services.mail_carrier import MailCarrier
from ccr.services.mobiles import Mobiles
from ccr.services.moderation import Moderation
from ccr.services.notice_choices import NoticeChoices
from ccr.services.notice_traces import NoticeTraces
from ccr.services.opening_hours import OpeningHours
from ccr.services.patience import Patience
from ccr.services.portraits import Portraits
from ccr.services.postman import Postman
from ccr.services.published import Image, Published
from ccr.services.push_carrier import PushCarrier
from ccr.services.reading import Reading
from ccr.services.resets import Resets
from ccr.services.signing_in import SigningIn
from ccr.services.staff import Staff
from ccr.services.subscriptions import Subscriptions
from ccr.services.suggesting import Suggesting
from ccr.services.sweeping import Sweeper
from ccr.services.text_carrier import TextCarrier
from ccr.services.ticket_bot import TicketBot
from ccr.services.uploads import Uploads
from ccr.settings import Settings, signing_key
from ccr.site import assets, compression, errors, guards, limits, rendering
from ccr.site.addresses import BehindProxies
from ccr.site.api_accounts import accounts_api
from ccr.site.api_files import files_api
from ccr.site.api_help import help_api
from ccr.site.api_notices import hooks, notices_api
from ccr.site.api_portraits import portraits_api
from ccr.site.api_reach import reach_api
from ccr.site.api_tickets import tickets_api
from ccr.site.openapi import openapi_api
from ccr.site.ops import operations
from ccr.site.pages_account import account_pages
from ccr.site.pages_files import files_pages
from ccr.site.pages_help import help_pages
from ccr.site.pages_hours import hours_pages
from ccr.site.pages_notices import notices_pages
from ccr.site.pages_portraits import portraits_pages
from ccr.site.pages_questions import questions_pages
from ccr.site.pages_tickets import tickets_pages
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
        self._parts = parts
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
        self.server = Server(allowed_origin=same_origin(settings.public_url))
        self.sockets = Sockets()
        self.publisher = self._publisher(settings)

    def _publisher(self, settings: Settings) -> SocketPublisher:
        seal = Seal(signing_key(settings))
        line = self._parts.line or adapters.line_for(settings, seal.line)
        reads = settings.admin_reads
        if line is None:
            return SocketPublisher(self.server, self.sockets, admins_read=reads)
        return SpreadPublisher(self.server, self.sockets, line=line, seal=seal, admins_read=reads)

    def _build_services(self, settings: Settings) -> None:
        now, secret = self._parts.now, signing_key(settings)
        self.database = Database(*adapters.database_driver(settings))
        self.hasher = self._parts.hasher or Argon2Passwords()
        database, hasher, publisher = self.database, self.hasher, self.publisher
        wake = self._wake
        self._build_files(settings)
        self.changes = Changes(
            database,
            publisher,
            has_bot=self._parts.assistant is not None or settings.assistant != "off",
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
        self.staff = Staff(database, hasher, publisher, self.changes, now=now, wake=wake)
        self.first_admin = FirstAdmin(database, hasher, self.resets, secret=secret, now=now, wake=wake)
        self.feedback = FeedbackBox(database, now=now)
        self.canned_replies = CannedReplies(database)
        self.help_centre = HelpCentre(database, LunrShelf, secret=secret, now=now)
        self.community = Community(database, now=now, wake=wake)
        self.moderation = Moderation(database, now=now, wake=wake)
        embedded = EmbeddedAssistant(self.help_centre.search)
        self.assistant = self._parts.assistant or adapters.assistant_for(settings, embedded)
        self.assistance = Assistance(self.assistant, embedded)
        self.hours = OpeningHours(database, now=now)
        self.bot = self._build_bot(settings)
        self.notice_choices = NoticeChoices(database, secret=secret, home=settings.public_url)
        self.notice_traces = NoticeTraces(
            database, reports=adapters.reports_for(settings), now=now, wake=wake
        )
        self._build_reach(settings, secret)

    def _build_bot(self, settings: Settings) -> TicketBot | None:
        """The assistant on tickets, where there is one."""
        if self.assistant is None:
            return None
        now = self._parts.now
        patience = Patience(self.database, unanswered_after=settings.unanswered_after, now=now)
        return TicketBot(self.database, self.changes, self.help_centre, self.assistant, patience, now=now)

    def _build_reach(self, settings: Settings, secret: str) -> None:
        """How people hear of something while they are away."""
        database, now = self.database, self._parts.now
        self.texter = self._parts.texter or adapters.texter_for(settings)
        self.pusher = self._parts.pusher or adapters.pusher_for(settings)
        self.mobiles = Mobiles(
            database,
            secret=secret,
            offered=self.texter is not None,
            country=settings.sms_country,
            now=now,
            wake=self._wake,
        )
        self.subscriptions = Subscriptions(database, self.pusher, now=now)
        self.postman = Postman(database, self._carriers(settings), now=now)

    def _carriers(self, settings: Settings) -> dict[Channel, Carrier]:
        """How notices go out, by channel."""
        return {
            Channel.MAIL: MailCarrier(
                self.database,
                self._parts.mailer or adapters.mailer_for(settings),
                JinjaTemplates(package_files.template_folder() / "mail"),
                self.resets.mint,
                public_url=settings.public_url,
                unsubscribe=self.notice_choices.link,
                now=self._parts.now,
            ),
            Channel.SMS: TextCarrier(
                self.database,
                self.texter,
                self.mobiles.mint,
                public_url=settings.public_url,
                now=self._parts.now,
            ),
            Channel.PUSH: PushCarrier(self.database, self.pusher, now=self._parts.now),
        }

    def _build_files(self, settings: Settings) -> None:
        database, now = self.database, self._parts.now
        self.files = self._parts.files or adapters.files_for(settings)
        self.pictures = self._parts.pictures or PillowPictures()
        self.sweeper = Sweeper(database, self.files, now=now)
        self.attachments = Attachments(
            database, self.files, self.pictures, admins_read=settings.admin_reads, now=now
        )
        self.uploads = Uploads(database, self.attachments, now=now, sweep=self.sweeper.wake)
        self.portraits = Portraits(database, self.files, self.pictures, now=now, sweep=self.sweeper.wake)

    def _wake(self) -> None:
        self.postman.wake()

    def _build_site(self, settings: Settings) -> None:
        site = self.site = Quart("ccr", static_folder=None)
        built = assets.Assets(package_files.static_folder())
        images = {name: Image(*image) for name, image in built.images().items()}
        self.published = Published(self.files, images)
        rendering.set_up(
            site,
            templates=package_files.template_folder(),
            asset=lambda name: self.published.address(name) or built.url(name),
            files_from=settings.cos_endpoint if settings.files == "cos" else None,
        )
        site.jinja_env.globals["assistant_on"] = self.assistance.is_on
        site.jinja_env.globals["assistant_goes_to"] = self.assistance.goes_to
        compression.set_up(site)
        errors.install(site, rendering.error_page)
        limits.install(site, settings)
        self._token_in = guards.install(site, settings, self.signing_in)
        for blueprint in self._blueprints(settings, built):
            site.register_blueprint(blueprint)
        site.while_serving(self._serving)
        handlers = Handlers(
            self.server,
            self.sockets,
            self.publisher,
            self.changes,
            self.reading,
            self._identify,
            limits=settings.rate_limits,
        )
        self._lanes = handlers.lanes

    def _blueprints(self, settings: Settings, built: assets.Assets) -> list[Any]:
        reads = settings.admin_reads
        return [
            assets.static_files(built),
            operations(settings, reachable=self._reachable, draining=lambda: self.draining),
            accounts_api(
                accounts=self.accounts,
                signing_in=self.signing_in,
                resets=self.resets,
                staff=self.staff,
                feedback=self.feedback,
                canned_replies=self.canned_replies,
            ),
            reach_api(self.mobiles, self.subscriptions),
            tickets_api(self.changes, self.reading),
            help_api(self.help_centre, self.assistance, Suggesting(self.database, self.help_centre.search)),
            help_pages(self.help_centre),
            questions_pages(self.community, self.moderation),
            hours_pages(self.hours),
            files_api(self.attachments, self.uploads),
            files_pages(),
            portraits_api(self.portraits),
            portraits_pages(self.portraits),
            openapi_api(),
            notices_api(self.notice_traces, self.notice_choices),
            hooks(self.notice_traces),
            notices_pages(self.notice_traces, self.notice_choices),
            account_pages(
                accounts=self.accounts,
                signing_in=self.signing_in,
                alarms=self.alarms,
                resets=self.resets,
                first_admin=self.first_admin,
                staff=self.staff,
                feedback=self.feedback,
                reading=self.reading,
                mobiles=self.mobiles,
                subscriptions=self.subscriptions,
                choices=self.notice_choices,
            ),
            tickets_pages(
                self.changes,
                self.reading,
                self.canned_replies,
                self.attachments,
                bot=self.bot,
                hours=self.hours,
                admins_read=reads,
            ),
        ]

    async def _serving(self) -> AsyncGenerator[None, None]:
        async with self.running():
            yield

    async def _reachable(self) -> None:
        await self.database.read(lambda connection: connection.row("SELECT COUNT(*) FROM schema_versions"))

    async def _identify(self, environ: dict[str, Any], token: str | None) -> Identity | None:
        found = token or self._token_in(environ.get("HTTP_COOKIE", ""))
        return await self.signing_in.identify(found) if found else None


def create_app(settings: Settings, parts: Parts | None = None) -> Registry:
    """The registry that the settings describe, its outside parts replaced by those handed in."""
    return Registry(settings, parts or Parts())
