"""How notices go out, by channel."""

from typing import TYPE_CHECKING

from ccr import adapters, package_files
from ccr.adapters.mail_templates import JinjaTemplates
from ccr.desk.notices import Channel
from ccr.services.carrying import Carrier
from ccr.services.mail_carrier import MailCarrier
from ccr.services.push_carrier import PushCarrier
from ccr.services.text_carrier import TextCarrier

if TYPE_CHECKING:
    from ccr.app import Registry


def carriers(registry: "Registry") -> dict[Channel, Carrier]:
    """Each by its way, as the settings name it."""
    return {
        Channel.MAIL: MailCarrier(
            registry.database,
            registry.parts.mailer or adapters.mailer_for(registry.settings),
            JinjaTemplates(package_files.template_folder() / "mail"),
            registry.resets.mint,
            public_url=registry.settings.public_url,
            unsubscribe=registry.notice_choices.link,
            now=registry.parts.now,
        ),
        Channel.SMS: TextCarrier(
            registry.database,
            registry.texter,
            registry.mobiles.mint,
            public_url=registry.settings.public_url,
            now=registry.parts.now,
        ),
        Channel.PUSH: PushCarrier(registry.database, registry.pusher, now=registry.parts.now),
    }
