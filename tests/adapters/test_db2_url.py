"""What a db2:// address may say, and what IBM's driver is told."""

import pytest

from ccr.adapters import db2_url
from ccr.settings import SettingsError

REMOTE = "db2://care:s%3Dcr%40t@db.example.org:50000/CCR"
LOCAL = "db2://care:secret@127.0.0.1:50000/CCR"


def told(url: str, place: int = 0) -> dict[str, str]:
    """What the driver is told of one server."""
    text = list(db2_url.read(url).connection_strings())[place]
    return dict(part.split("=", 1) for part in text.rstrip(";").split(";"))


def problem(url: str) -> str:
    """What the operator is told."""
    with pytest.raises(SettingsError) as raised:
        db2_url.read(url)
    return str(raised.value)


def test_where_who_and_how_long_to_wait() -> None:
    said = told(REMOTE)
    assert said["HOSTNAME"] == "db.example.org"
    assert said["PORT"] == "50000"
    assert said["DATABASE"] == "CCR"
    assert said["UID"] == "care"
    assert said["PWD"] == "s=cr@t"
    assert said["ConnectTimeout"] == "2"


def test_a_server_elsewhere_is_asked_for_tls_and_its_name_is_checked() -> None:
    said = told(REMOTE + "?certificate=/etc/ccr/db2.arm")
    assert said["Security"] == "SSL"
    assert said["SSLServerCertificate"] == "/etc/ccr/db2.arm"
    assert said["SSLClientHostnameValidation"] == "Basic"


def test_on_this_machine_it_goes_without_tls_unless_the_address_asks_for_it() -> None:
    assert "Security" not in told(LOCAL)
    assert told(LOCAL + "?security=ssl")["Security"] == "SSL"


def test_tls_can_be_turned_off_and_that_is_known() -> None:
    target = db2_url.read(REMOTE + "?security=none")
    assert "Security" not in told(REMOTE + "?security=none")
    assert not target.encrypted
    assert not target.local


def test_a_standby_is_asked_second() -> None:
    url = REMOTE + "?standby=db2.example.org:50001"
    assert told(url, 1)["HOSTNAME"] == "db2.example.org"
    assert told(url, 1)["PORT"] == "50001"


def test_a_server_here_with_a_standby_elsewhere_is_asked_for_tls() -> None:
    assert told(LOCAL + "?standby=db2.example.org:50001")["Security"] == "SSL"


def test_how_many_writers_and_readers() -> None:
    target = db2_url.read(LOCAL + "?writers=8&readers=3&timeout=5&schema=CCR_TEST")
    assert (target.writers, target.readers, target.timeout, target.schema) == (8, 3, 5, "CCR_TEST")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("?ssl=on", "not known: ssl"),
        ("?security=maybe", "security=ssl"),
        ("?writers=0", "writers=1 to writers=64"),
        ("?writers=many", "writers=1 to writers=64"),
        ("?timeout=-1", "timeout=1"),
        ("?schema=CCR;DROP", "schema"),
        ("?standby=nowhere", "standby=HOST:PORT"),
        ("?authentication=kerberos", "authentication=server"),
        ("?hostname_validation=perhaps", "hostname_validation=on"),
        ("?certificate=/a;PWD=x", "path"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(option: str, said: str) -> None:
    assert said in problem(REMOTE + option)


@pytest.mark.parametrize("password", ["a%3Bb", "%20a", "a%00b"])
def test_a_password_that_the_driver_cannot_be_told_is_refused_and_not_repeated(password: str) -> None:
    said = problem(f"db2://care:{password}@db.example.org:50000/CCR")
    assert "password" in said
    assert "a" + "b" not in said


def test_a_target_shows_no_password() -> None:
    assert "cr@t" not in repr(db2_url.read(REMOTE))
