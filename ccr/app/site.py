"""The pages and the JSON API on top of the services."""

from typing import TYPE_CHECKING

from quart import Blueprint, Quart

from ccr import package_files
from ccr.services.suggesting import Suggesting
from ccr.site import assets, compression, errors, limits, paths, rendering
from ccr.site.api_accounts import accounts_api
from ccr.site.api_files import files_api
from ccr.site.api_help import help_api
from ccr.site.api_notices import hooks, notices_api
from ccr.site.api_portraits import portraits_api
from ccr.site.api_reach import reach_api
from ccr.site.api_tickets import tickets_api
from ccr.site.form_bodies import SiteRequest
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

if TYPE_CHECKING:
    from ccr.app import Registry


def quart_site(registry: "Registry", built: assets.Assets) -> Quart:
    """What every page and answer has in common; nothing to be found on it yet."""
    settings = registry.settings
    site = Quart("ccr", static_folder=None)
    site.request_class = SiteRequest
    rendering.set_up(
        site,
        templates=package_files.template_folder(),
        asset=lambda name: registry.published.address(name) or built.url(name),
        files_from=settings.cos_endpoint if settings.files == "cos" else None,
    )
    site.jinja_env.globals["assistant_on"] = registry.assistance.is_on
    site.jinja_env.globals["assistant_goes_to"] = registry.assistance.goes_to
    compression.set_up(site)
    paths.install(site)
    errors.install(site, rendering.error_page, registry.refusals)
    limits.install(site, settings)
    return site


def blueprints(registry: "Registry", built: assets.Assets) -> list[Blueprint]:
    """Everything that can be asked for."""
    return [
        assets.static_files(built),
        operations(registry.settings, reachable=registry.reachable, draining=lambda: registry.draining),
        accounts_api(
            accounts=registry.accounts,
            exports=registry.exports,
            signing_in=registry.signing_in,
            resets=registry.resets,
            staff=registry.staff,
            feedback=registry.feedback,
            canned_replies=registry.canned_replies,
        ),
        reach_api(registry.mobiles, registry.subscriptions),
        tickets_api(registry.changes, registry.reading),
        help_api(
            registry.help_centre,
            registry.assistance,
            Suggesting(registry.database, registry.help_centre.search),
        ),
        help_pages(registry.help_centre),
        questions_pages(registry.community, registry.moderation),
        hours_pages(registry.hours),
        files_api(registry.attachments, registry.uploads),
        files_pages(),
        portraits_api(registry.portraits),
        portraits_pages(registry.portraits),
        openapi_api(),
        notices_api(registry.notice_traces, registry.notice_choices),
        hooks(registry.notice_traces),
        notices_pages(registry.notice_traces, registry.notice_choices),
        account_pages(
            accounts=registry.accounts,
            exports=registry.exports,
            signing_in=registry.signing_in,
            alarms=registry.alarms,
            resets=registry.resets,
            first_admin=registry.first_admin,
            staff=registry.staff,
            feedback=registry.feedback,
            reading=registry.reading,
            mobiles=registry.mobiles,
            subscriptions=registry.subscriptions,
            choices=registry.notice_choices,
        ),
        tickets_pages(
            registry.changes,
            registry.reading,
            registry.canned_replies,
            registry.attachments,
            bot=registry.bot,
            hours=registry.hours,
            admins_read=registry.settings.admin_reads,
        ),
    ]
