"""Settings: nothing set is local, what is unsafe refuses to start, and no secret is ever shown."""

import re
import stat
from ipaddress import ip_network
from pathlib import Path

import pytest

from ccr.adapters.mail_message import mailbox
from ccr.settings import Settings, SettingsError, documented, signing_key

KEY = "k" * 40
DB2 = "db2://care:s3cretword@db.example:50000/CARE"


def test_nothing_set_means_everything_local() -> None:
    settings = Settings.read({})

    assert settings.bind == "127.0.0.1:8000"
    assert (settings.bind_host, settings.bind_port) == ("127.0.0.1", 8000)
    assert settings.database_url == "sqlite:///ccr-data/registry.db"
    assert settings.public_url == "http://127.0.0.1:8000"
    assert (settings.mail, settings.files, settings.assistant) == ("file", "local", "embedded")
    assert settings.sms == "file"
    assert settings.redis_url is None
    assert not settings.admin_reads
    assert settings.rate_limits
    assert not settings.production
    assert not settings.secure_cookies
    assert settings.warnings == ()


def test_the_database_lies_in_the_data_folder(tmp_path: Path) -> None:
    settings = Settings.read({"CCR_DATA": str(tmp_path)})

    assert settings.database_url == f"sqlite:///{tmp_path}/registry.db"


def test_an_empty_variable_counts_as_not_set() -> None:
    assert Settings.read({"CCR_BIND": "", "CCR_MAIL": "  "}) == Settings.read({})


def test_https_is_production_even_behind_a_proxy_on_loopback() -> None:
    settings = Settings.read({"CCR_PUBLIC_URL": "https://Care.Example:443/", "CCR_SECRET_KEY": KEY})

    assert settings.production
    assert settings.secure_cookies
    assert settings.public_url == "https://care.example"
    assert settings.sms == "off"


def test_a_bind_other_than_loopback_is_production_but_its_cookies_follow_the_public_url() -> None:
    settings = Settings.read({"CCR_BIND": "0.0.0.0:8000", "CCR_SECRET_KEY": KEY})

    assert settings.production
    assert not settings.secure_cookies
    assert settings.public_url == "http://localhost:8000"


@pytest.mark.parametrize("bind", ["127.0.0.1:80", "127.9.9.9:0", "[::1]:8000", "localhost:8000"])
def test_loopback_is_not_production(bind: str) -> None:
    assert not Settings.read({"CCR_BIND": bind}).production


@pytest.mark.parametrize("bind", ["0.0.0.0:8000", "[::]:8000", "192.168.1.4:8000", "care.example:8000"])
@pytest.mark.parametrize("also", [{}, {"CCR_SECRET_KEY": "short"}])
def test_production_without_a_proper_secret_key_refuses_to_start(bind: str, also: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"^CCR_SECRET_KEY "):
        Settings.read({"CCR_BIND": bind, **also})


def test_limits_may_be_off_on_loopback_only() -> None:
    assert not Settings.read({"CCR_RATE_LIMITS": "off"}).rate_limits
    with pytest.raises(SettingsError, match=r"^CCR_RATE_LIMITS .*CCR_BIND"):
        Settings.read({"CCR_RATE_LIMITS": "off", "CCR_BIND": "0.0.0.0:80", "CCR_SECRET_KEY": KEY})


@pytest.mark.parametrize(
    ("name", "text", "allowed"),
    [
        ("CCR_BIND", "8000", "HOST:PORT"),
        ("CCR_BIND", "127.0.0.1:", "HOST:PORT"),
        ("CCR_BIND", "127.0.0.1:65536", "HOST:PORT"),
        ("CCR_BIND", "127.0.0.1:٣", "HOST:PORT"),
        ("CCR_BIND", "::1:8000", "HOST:PORT"),
        ("CCR_PUBLIC_URL", "care.example", "https://HOST"),
        ("CCR_PUBLIC_URL", "https://care.example/registry", "nothing after it"),
        ("CCR_PUBLIC_URL", "https://care.example:port", "https://HOST"),
        ("CCR_DATABASE_URL", "postgres://care@db/care", "sqlite:///PATH or db2://"),
        ("CCR_DATABASE_URL", "sqlite:///", "sqlite:///PATH"),
        ("CCR_DATABASE_URL", "db2://care@db.example:50000/CARE", "PASSWORD"),
        ("CCR_REDIS_URL", "cache.example:6379", "redis://"),
        ("CCR_MAIL", "sendmail", "file, sendgrid, smtp://"),
        ("CCR_MAIL", "smtp://care@mail.example", "USER:PASSWORD"),
        ("CCR_MAIL", "smtp://mail.example?tls=maybe", "?tls=off"),
        ("CCR_MAIL", "smtps://mail.example?cafile=x", "?ca=FILE"),
        ("CCR_MAIL_FROM", "Care", "Care <care@example.org>"),
        ("CCR_MAIL_FROM", "care@example.org\nBcc: x@example.org", "Care <care@example.org>"),
        ("CCR_SENDGRID_WEBHOOK_KEY", "key", "as SendGrid shows it"),
        ("CCR_SMS", "on", "one of off, file, twilio"),
        ("CCR_SMS_COUNTRY", "Germany", "two capital letters"),
        ("CCR_TWILIO_ACCOUNT_SID", "AC123", "32 hexadecimal"),
        ("CCR_TWILIO_FROM", "0151 1234567", "a number such as +"),
        ("CCR_VAPID_PRIVATE_KEY", "short", "43 characters"),
        ("CCR_VAPID_CONTACT", "care@care.example", "mailto:NAME@HOST"),
        ("CCR_FILES", "s3", "one of local, cos"),
        ("CCR_ASSISTANT", "on", "one of embedded, watson, off"),
        ("CCR_ADMIN_READS", "yes", "one of on, off"),
        ("CCR_ADMIN_PASSWORD", "short", "8 to 128"),
        ("CCR_ADMIN_EMAIL", "ada", "an e-mail address"),
        ("CCR_TRUSTED_PROXIES", "10.0.0.0/8,proxy", "addresses or networks"),
        ("CCR_METRICS", "on", "bearer token of 8"),
        ("CCR_LOG", "verbose", "one of debug, info"),
        ("CCR_LOG_FORMAT", "xml", "one of text, json"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_by_name(name: str, text: str, allowed: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.read({name: text})

    assert refused.value.name == name
    assert str(refused.value).startswith(f"{name} ")
    assert allowed in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["Care", "Care, Ltd", "Fürsorge", "Müller, Pflege; (Wien)", 'Die "Ärzte"'])
def test_a_sender_may_be_called_anything(name: str) -> None:
    given = '"' + name.replace('"', '\\"') + '" <care@example.org>'
    sender = Settings.read({"CCR_MAIL_FROM": given}).mail_from
    assert mailbox(sender or "") == (name, "care@example.org")


@pytest.mark.parametrize(
    ("chosen", "missing"),
    [
        ({"CCR_MAIL": "sendgrid"}, "CCR_SENDGRID_API_KEY"),
        ({"CCR_MAIL": "smtp://mail.example"}, "CCR_MAIL_FROM"),
        ({"CCR_SMS": "twilio", "CCR_TWILIO_AUTH_TOKEN": "token"}, "CCR_TWILIO_ACCOUNT_SID"),
        ({"CCR_FILES": "cos", "CCR_COS_ENDPOINT": "https://cos.example"}, "CCR_COS_BUCKET"),
        ({"CCR_ASSISTANT": "watson"}, "CCR_WATSON_URL"),
        ({"CCR_ADMIN_EMAIL": "ada@care.example"}, "CCR_ADMIN_EMAIL"),
        ({"CCR_ADMIN_PASSWORD": "ada's password"}, "CCR_ADMIN_EMAIL"),
    ],
)
def test_half_a_choice_is_refused_by_what_is_missing(chosen: dict[str, str], missing: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.read(chosen)

    assert refused.value.name == missing


SECRETS = {
    "CCR_SECRET_KEY": "s3cretword" * 4,
    "CCR_ADMIN_PASSWORD": "s3cretword",
    "CCR_DATABASE_URL": DB2,
    "CCR_REDIS_URL": "redis://:s3cretword@cache.example:6379",
    "CCR_MAIL": "smtp://care:s3cretword@mail.example:587",
    "CCR_SENDGRID_API_KEY": "s3cretword",
    "CCR_TWILIO_AUTH_TOKEN": "s3cretword",
    "CCR_VAPID_PRIVATE_KEY": "s3cretword" + "k" * 33,
    "CCR_COS_ACCESS_KEY": "s3cretword",
    "CCR_COS_SECRET_KEY": "s3cretword",
    "CCR_WATSON_API_KEY": "s3cretword",
    "CCR_METRICS": "s3cretword-of-prometheus",
}


def test_no_secret_is_shown() -> None:
    settings = Settings.read(
        {**SECRETS, "CCR_ADMIN_EMAIL": "ada@care.example", "CCR_MAIL_FROM": "a@care.example"}
    )

    assert settings.database_url == DB2
    assert "s3cretword" not in repr(settings)
    assert "s3cretword" not in str(settings)


REFUSED_WHEN_SHORT = [
    "CCR_SECRET_KEY",
    "CCR_ADMIN_PASSWORD",
    "CCR_DATABASE_URL",
    "CCR_REDIS_URL",
    "CCR_MAIL",
    "CCR_VAPID_PRIVATE_KEY",
]


@pytest.mark.parametrize("name", [*REFUSED_WHEN_SHORT, "CCR_METRICS"])
def test_a_refused_secret_is_not_repeated(name: str) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        Settings.read({name: "s3cr"})

    assert "s3cr" not in str(refused.value)
    assert "s3cr" not in repr(refused.value.__cause__)


def test_unknown_names_are_one_warning_without_their_values() -> None:
    environ = {
        "CCR_DATABSE_URL": "s3cretword",
        "CCR_COLOUR": "red",
        "PATH": "/bin",
        "CCR_TESTS_REQUIRE": "all",
    }
    (warning,) = Settings.read(environ).warnings

    assert "CCR_COLOUR, CCR_DATABSE_URL (did you mean CCR_DATABASE_URL?)" in warning
    assert "s3cretword" not in warning
    assert "TESTS" not in warning


@pytest.mark.parametrize(
    ("watson", "given", "iam"),
    [
        ("http://127.0.0.1:9000", "", "http://127.0.0.1:9000"),
        ("http://[::1]:9000", "https://private.iam.example", "https://private.iam.example"),
        ("https://api.us-south.assistant.watson.cloud.ibm.com/instances/1", "", None),
    ],
)
def test_tokens_for_watson_come_from_ibm_but_for_a_stand_in_on_this_machine(
    watson: str, given: str, iam: str | None
) -> None:
    settings = Settings.read({"CCR_WATSON_URL": watson, "CCR_WATSON_IAM_URL": given})

    assert settings.watson_iam_url == iam


def test_proxies_may_be_addresses_and_networks() -> None:
    settings = Settings.read({"CCR_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8 fd00::/8"})

    assert settings.trusted_proxies == (
        ip_network("127.0.0.1/32"),
        ip_network("10.0.0.0/8"),
        ip_network("fd00::/8"),
    )


def test_the_secret_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings.read({"CCR_DATA": str(tmp_path / "new")})

    key = signing_key(settings)

    kept = tmp_path / "new" / "secret-key"
    assert len(key) >= 32
    assert key == signing_key(settings)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [path.name for path in kept.parent.iterdir()] == ["secret-key"]


def test_a_given_secret_key_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    settings = Settings.read({"CCR_DATA": str(tmp_path), "CCR_SECRET_KEY": KEY})

    assert signing_key(settings) == KEY
    assert not list(tmp_path.iterdir())


def test_a_damaged_secret_key_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "secret-key").write_text("cut")

    with pytest.raises(SettingsError, match="damaged"):
        signing_key(Settings.read({"CCR_DATA": str(tmp_path)}))

    assert (tmp_path / "secret-key").read_text() == "cut"


def test_the_readme_lists_every_setting() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")

    assert set(re.findall(r"`(CCR_(?!TESTS_)[A-Z0-9_]+)", readme)) == set(documented())
