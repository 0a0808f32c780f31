"""What DB2's commonest errors mean to whoever runs the registry, and what to do about each."""

import re

from ccr.adapters.db2 import DriverError

ANSWERS_NOT = (
    "check host, port and firewall, that DB2 is started and listens (db2set DB2COMM=TCPIP or SSL), and that "
    "security=ssl or security=none is what it speaks there"
)
_TLS = (
    "give its certificate with certificate=FILE, or IBM's key store with keystore=FILE and stash=FILE; the "
    "address must name the host that the certificate names"
)
_MIGRATE = "run `ccr migrate` as the owner of the tables"
_GRANTS = (
    "to serve, run the script of `ccr migrate --grants USER`, and name the owner with schema=OWNER; to migrate, be "
    "the owner"
)
_PAGES = "make the database with PAGESIZE 32 K, or in it a table space with such pages that this user may use"
_KNOWN = {
    -30081: ("the server does not answer, or hangs up", ANSWERS_NOT),
    -1336: ("no host of this name is known", "check the host in CCR_DATABASE_URL"),
    -30082: (
        "the server does not accept this user and password",
        "check both in CCR_DATABASE_URL, percent-encoded, and that the password has not run out",
    ),
    -1060: ("this user may not connect", "GRANT CONNECT ON DATABASE TO USER …"),
    -30061: (
        "the server has no database of this name",
        "check what stands behind the last `/` of CCR_DATABASE_URL",
    ),
    -1776: (
        "the server is the standby",
        "put the primary first in CCR_DATABASE_URL, and the other behind standby=",
    ),
    -1224: ("the server is stopping, or was forced off", "db2start, or wait until it has recovered"),
    -1032: ("DB2 is not started", "db2start"),
    -20157: ("the database is quiesced", "db2 UNQUIESCE DATABASE"),
    -1040: ("the database has all the connections it allows", "raise MAXAPPLS, or lower writers and readers"),
    -1226: (
        "the server has all the connections it allows",
        "raise MAX_CONNECTIONS, or lower writers and readers",
    ),
    -601: ("a table is there already", "somebody else is migrating: run it again when they are done"),
    -204: ("a table is not there", _MIGRATE),
    -551: ("this user may not do that", _GRANTS),
    -552: ("this user may not do that", _GRANTS),
    -286: ("there is no room for such tables", _PAGES),
    -964: (
        "the transaction log is full",
        "raise LOGPRIMARY or LOGSECOND, or see what keeps an old transaction open",
    ),
    -968: ("the disk is full", "make room"),
    -911: ("others hold a lock for too long", "see who: db2 LIST APPLICATIONS"),
} | dict.fromkeys((-1013, -1031), ("there is no database of this name", "check the end of CCR_DATABASE_URL"))
_CODE = re.compile(r"\b(SQL\d{4,5}N)\b")


def explain(error: DriverError) -> tuple[str, str]:
    """What is wrong, with DB2's own number, and what to do about it."""
    said = str(error)
    if "GSKit" in said or "SSL" in said:
        what, todo = "no TLS with this server", _TLS
    else:
        what, todo = _KNOWN.get(error.sqlcode, (said, "see IBM's documentation of this code"))
    number = _CODE.search(said)
    return (f"{what} ({number[1]})" if number and what is not said else what), todo
