"""Every setting, read once. Nothing set means everything local; what is unsafe is refused."""

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ccr import kept_keys
from ccr import setting_values as values
from ccr.setting_values import SettingsError

__all__ = ["Settings", "SettingsError", "documented", "push_key", "signing_key"]

DATA_FOLDER = Path("ccr-data")
SECRET_KEY_FILE = "secret-key"  # noqa: S105 - a file's name
VAPID_KEY_FILE = "vapid-key"


def _setting(
    name: str, meaning: str, default: Any, parse: Callable[[str], Any] = str, *, secret: bool = False
) -> Any:
    """A field that is read from the environment variable `name`; a secret one never appears in a repr."""
    metadata = {"name": name, "meaning": meaning, "parse": parse, "secret": secret}
    return dataclasses.field(default=default, repr=not secret, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an operator decides. An unsafe or contradictory one cannot be made at all.

    Left empty, `database_url`, `public_url` and `sms` follow from the others when it is made; to change one
    of these, use `Settings.read` again, not `dataclasses.replace`.
    """

    bind: str = _setting("CCR_BIND", "address and port", "127.0.0.1:8000", values.address)
    data: Path = _setting("CCR_DATA", "folder of everything kept locally", DATA_FOLDER, Path)  # noqa: RUF009 - a description
    database_url: str = _setting(
        "CCR_DATABASE_URL", "where tickets live", "", values.database_url, secret=True
    )
    admin_email: str | None = _setting("CCR_ADMIN_EMAIL", "first admin's e-mail", None, values.email)
    admin_password: str | None = _setting(
        "CCR_ADMIN_PASSWORD", "first admin's password", None, values.password, secret=True
    )
    secret_key: str | None = _setting("CCR_SECRET_KEY", "signs cookies", None, values.secret_key, secret=True)
    public_url: str = _setting("CCR_PUBLIC_URL", "what links start with", "", values.origin)
    redis_url: str | None = _setting(
        "CCR_REDIS_URL", "between processes", None, values.redis_url, secret=True
    )
    mail: str = _setting("CCR_MAIL", "how mail goes out", "file", values.mail, secret=True)
    mail_from: str | None = _setting("CCR_MAIL_FROM", "who mails come from", None, values.sender)
    sendgrid_api_key: str | None = _setting("CCR_SENDGRID_API_KEY", "SendGrid's key", None, secret=True)
    sendgrid_host: str = _setting(
        "CCR_SENDGRID_HOST", "SendGrid", "https://api.sendgrid.com", values.service_url
    )
    sendgrid_sandbox: bool = _setting("CCR_SENDGRID_SANDBOX", "checked, not sent", False, values.switch)
    sendgrid_webhook_key: str | None = _setting(
        "CCR_SENDGRID_WEBHOOK_KEY", "verifies its events", None, values.webhook_key
    )
    sms: str = _setting("CCR_SMS", "how text messages go out", "", values.one_of("off", "file", "twilio"))
    sms_country: str | None = _setting("CCR_SMS_COUNTRY", "whose numbers may lack it", None, values.country)
    twilio_account_sid: str | None = _setting(
        "CCR_TWILIO_ACCOUNT_SID", "Twilio's account", None, values.twilio_account
    )
    twilio_auth_token: str | None = _setting("CCR_TWILIO_AUTH_TOKEN", "its token", None, secret=True)
    twilio_from: str | None = _setting("CCR_TWILIO_FROM", "who texts come from", None, values.twilio_sender)
    twilio_host: str = _setting("CCR_TWILIO_HOST", "Twilio", "https://api.twilio.com", values.service_url)
    vapid_private_key: str | None = _setting(
        "CCR_VAPID_PRIVATE_KEY", "signs notifications", None, values.vapid_key, secret=True
    )
    vapid_contact: str | None = _setting("CCR_VAPID_CONTACT", "who sends them", None, values.contact)
    files: str = _setting("CCR_FILES", "where attachments lie", "local", values.one_of("local", "cos"))
    cos_endpoint: str | None = _setting("CCR_COS_ENDPOINT", "object storage", None, values.service_url)
    cos_bucket: str | None = _setting("CCR_COS_BUCKET", "its bucket", None)
    cos_access_key: str | None = _setting("CCR_COS_ACCESS_KEY", "its HMAC access key", None, secret=True)
    cos_secret_key: str | None = _setting("CCR_COS_SECRET_KEY", "its HMAC secret", None, secret=True)
    assistant: str = _setting(
        "CCR_ASSISTANT", "who answers first", "embedded", values.one_of("embedded", "watson", "off")
    )
    unanswered_after: int = _setting(
        "CCR_UNANSWERED_AFTER", "minutes until who waits is told how long", 60, values.minutes
    )
    watson_url: str | None = _setting("CCR_WATSON_URL", "the Watson instance", None, values.service_url)
    watson_iam_url: str | None = _setting(
        "CCR_WATSON_IAM_URL", "where its tokens come from", None, values.service_url
    )
    watson_api_key: str | None = _setting("CCR_WATSON_API_KEY", "its key", None, secret=True)
    watson_assistant_id: str | None = _setting("CCR_WATSON_ASSISTANT_ID", "its assistant", None)
    watson_environment_id: str | None = _setting("CCR_WATSON_ENVIRONMENT_ID", "its environment", None)
    admin_reads: bool = _setting("CCR_ADMIN_READS", "admins may read conversations", False, values.switch)
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = _setting(
        "CCR_TRUSTED_PROXIES", "whose X-Forwarded-* count", (), values.networks
    )
    metrics: str = _setting("CCR_METRICS", "who may read /metrics", "loopback", values.metrics, secret=True)
    rate_limits: bool = _setting("CCR_RATE_LIMITS", "limits on what one person may do", True, values.switch)
    log: str = _setting("CCR_LOG", "level", "info", values.one_of("debug", "info", "warning", "error"))
    log_format: str = _setting("CCR_LOG_FORMAT", "of the log's lines", "text", values.one_of("text", "json"))
    warnings: tuple[str, ...] = ()
    """What the operator should hear once, when the registry starts."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """The settings in `environ`; an empty variable counts as one that is not set.

        Raises `SettingsError`, which names the variable and says what is allowed.
        """
        given: dict[str, Any] = {}
        for field in _fields():
            text = environ.get(field.metadata["name"], "").strip()
            if text:
                given[field.name] = _parsed(field, text)
        return cls(**given, warnings=_warnings(environ))

    def __post_init__(self) -> None:
        if not self.public_url:
            object.__setattr__(self, "public_url", values.url_of_bind(self.bind))
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{self.data / 'registry.db'}")
        if not self.sms:
            # A registry that others use must not promise texts that end in a file.
            object.__setattr__(self, "sms", "off" if self.production else "file")
        if self.watson_iam_url is None and values.is_loopback(urlsplit(self.watson_url or "").hostname or ""):
            # A stand-in on this machine: IBM knows neither its key nor its tokens.
            object.__setattr__(self, "watson_iam_url", self.watson_url)
        self._check_safe()
        self._check_complete()

    @property
    def bind_host(self) -> str:
        """The address to listen on, without brackets."""
        return values.split_address(self.bind)[0]

    @property
    def bind_port(self) -> int:
        """The port to listen on; 0 lets the system choose one."""
        return values.split_address(self.bind)[1]

    @property
    def bound_to_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return values.is_loopback(self.bind_host)

    @property
    def secure_cookies(self) -> bool:
        """Whether browsers reach us by https, however we are bound: a proxy may stand before us."""
        return self.public_url.startswith("https://")

    @property
    def production(self) -> bool:
        """Whether others than the person at this machine may be using it."""
        return self.secure_cookies or not self.bound_to_loopback

    def _check_safe(self) -> None:
        if self.production and self.secret_key is None:
            raise SettingsError(
                "CCR_SECRET_KEY", "must be given in production (https, or a bind other than loopback)"
            )
        if not self.rate_limits and not self.bound_to_loopback:
            raise SettingsError("CCR_RATE_LIMITS", "may be off only where CCR_BIND is a loopback address")

    def _check_complete(self) -> None:
        if (self.admin_email is None) != (self.admin_password is None):
            raise SettingsError("CCR_ADMIN_EMAIL", "and CCR_ADMIN_PASSWORD go together: give both or neither")
        if self.mail == "sendgrid":
            self._require("sendgrid_api_key", because="CCR_MAIL is sendgrid")
        if self.mail != "file":
            self._require("mail_from", because="CCR_MAIL is not file")
        if self.sms == "twilio":
            self._require(
                "twilio_account_sid", "twilio_auth_token", "twilio_from", because="CCR_SMS is twilio"
            )
        if self.files == "cos":
            names = ("cos_endpoint", "cos_bucket", "cos_access_key", "cos_secret_key")
            self._require(*names, because="CCR_FILES is cos")
        if self.assistant == "watson":
            names = ("watson_url", "watson_api_key", "watson_assistant_id", "watson_environment_id")
            self._require(*names, because="CCR_ASSISTANT is watson")

    def _require(self, *names: str, because: str) -> None:
        for field in _fields():
            if field.name in names and getattr(self, field.name) is None:
                raise SettingsError(field.metadata["name"], f"must be given, because {because}")


def documented() -> dict[str, str]:
    """Every environment variable that is read, with its meaning. The README lists the same names."""
    return {field.metadata["name"]: field.metadata["meaning"] for field in _fields()}


def signing_key(settings: Settings) -> str:
    """The key that signs cookies: the one given, or one made once and kept in the data folder for its owner.

    Raises `SettingsError` if the kept one is damaged: another key would sign everybody out without a word.
    """
    if settings.secret_key is not None:
        return settings.secret_key
    return kept_keys.kept(settings.data / SECRET_KEY_FILE, "CCR_SECRET_KEY", values.secret_key, 48)


def push_key(settings: Settings) -> str:
    """The key that signs notifications, in base64url: the one given, or one made once and kept in the data folder.

    Raises `SettingsError` if the kept one is damaged: browsers that subscribed take nothing signed by another.
    """
    if settings.vapid_private_key is not None:
        return settings.vapid_private_key
    # Any 32 bytes are a key of this curve, but for four in 2^128.
    return kept_keys.kept(settings.data / VAPID_KEY_FILE, "CCR_VAPID_PRIVATE_KEY", values.vapid_key, 32)


def _fields() -> Iterable[dataclasses.Field[Any]]:
    return (field for field in dataclasses.fields(Settings) if "name" in field.metadata)


def _parsed(field: dataclasses.Field[Any], text: str) -> Any:
    try:
        return field.metadata["parse"](text)
    except ValueError as error:
        shown = "what is given" if field.metadata["secret"] else repr(text)
        raise SettingsError(field.metadata["name"], f"{shown} is not allowed: {error}") from None


def _warnings(environ: Mapping[str, str]) -> tuple[str, ...]:
    known = documented()
    unknown = sorted(
        n for n in environ if n.startswith("CCR_") and n not in known and not n.startswith("CCR_TESTS_")
    )
    if not unknown:
        return ()
    return (
        f"ignored, because no setting has this name: {', '.join(_with_guess(n, known) for n in unknown)}",
    )


def _with_guess(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.85)
    return f"{name} (did you mean {close[0]}?)" if close else name
