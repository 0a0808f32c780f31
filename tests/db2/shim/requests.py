"""What is mended of a request on its way to Derby."""

from collections.abc import Callable

from tests.db2.shim.rows import texts_as_utf8
from tests.db2.shim.wire import (
    ACCESS_DATABASE,
    ACCESS_SECURITY,
    CHECK_SECURITY,
    COMMIT,
    DATABASE_NAME,
    DESCRIBE,
    EXECUTE,
    EXECUTE_IMMEDIATE,
    PACKAGE,
    PREPARE,
    PRODUCT,
    QUERY_INSTANCE,
    RETURN_SET_STATEMENTS,
    ROLLBACK,
    SAME_CORRELATION,
    SET,
    SQL_DATA,
    SQL_TEXT,
    Segment,
    join,
    make_object,
    make_sql_text,
    objects,
    read_object,
    sql_text,
)

DERBYS_OWN_CLIENT = b"DNC10000"
"""Derby lets in nobody else."""

UNKNOWN = {
    EXECUTE_IMMEDIATE: {RETURN_SET_STATEMENTS},
    EXECUTE: {RETURN_SET_STATEMENTS},
    PREPARE: {RETURN_SET_STATEMENTS},
    SET: {RETURN_SET_STATEMENTS},
    DESCRIBE: {QUERY_INSTANCE, RETURN_SET_STATEMENTS},
}
"""What Derby's parser does not know, by command."""

KNOWN_SETTINGS = ("SET CLIENT", "SET CURRENT SCHEMA", "SET SCHEMA", "SET CURRENT ISOLATION")
HARMLESS_SETTING = "SET CLIENT WRKSTNNAME 'x'"
CURSOR_STABILITY = b"2"
"""IBM's package for an unnamed isolation is the one that Derby takes for uncommitted read."""

UTC = " - CURRENT TIMEZONE"

_ISOLATION = 40
"""Where in a package's name its isolation stands, behind `SYSSH` or `SYSSN`."""

Place = Callable[[str], str]


def mended(chain: list[Segment], place: Place) -> list[Segment]:
    """The chain as Derby understands it; `place` says where Derby has the database of a name."""
    out: list[Segment] = []
    at = 0
    while at < len(chain):
        end = at + 1
        while chain[end - 1].goes_on and end < len(chain):
            end += 1
        out += _command(chain[at:end], place)
        at = end
    return out


def _command(parts: list[Segment], place: Place) -> list[Segment]:
    head = parts[0]
    code = head.code
    if code in (COMMIT, ROLLBACK):
        head.body = make_object(code, b"")
        return parts
    if code in (ACCESS_SECURITY, CHECK_SECURITY, ACCESS_DATABASE):
        head.body = make_object(code, join([_entering(code, part, place) for part in objects(head.payload)]))
        return parts
    if code in UNKNOWN:
        kept = [part for part in objects(head.payload) if part[0] not in UNKNOWN[code]]
        head.body = make_object(code, join(kept))
    _name_isolation(head)
    if code == SET:
        return [head, *_settings(parts[1:])]
    for part in parts[1:]:
        if part.code == SQL_TEXT:
            part.body = _statement(part.body)
        elif part.code == SQL_DATA:
            part.body = texts_as_utf8(part.body)
    return parts


def _entering(code: int, part: tuple[int, bytes], place: Place) -> tuple[int, bytes]:
    name, payload = part
    if name == PRODUCT and code == ACCESS_DATABASE:
        return name, DERBYS_OWN_CLIENT
    if name == DATABASE_NAME:
        encoding, blank = ("cp500", b"\x40") if code == ACCESS_SECURITY else ("utf-8", b" ")
        return name, place(payload.decode(encoding).rstrip()).encode(encoding).ljust(18, blank)
    return part


def _name_isolation(head: Segment) -> None:
    """Unless the package says another level than the lowest, it means cursor stability."""
    code, payload, _ = read_object(head.body)
    parts = objects(payload)
    for place, (name, package) in enumerate(parts):
        if name == PACKAGE and package[36:40] == b"SYSS" and package[_ISOLATION + 1 : _ISOLATION + 2] == b"1":
            parts[place] = (name, package[:41] + CURSOR_STABILITY + package[42:])
            head.body = make_object(code, join(parts))


def _settings(parts: list[Segment]) -> list[Segment]:
    """Those that Derby knows; at least one, since the command must have one."""
    last = parts[-1].kind
    kept = [part for part in parts if (sql_text(part.body) or "").upper().startswith(KNOWN_SETTINGS)]
    if not kept:
        kept = [parts[-1]]
        kept[0].body = make_sql_text(HARMLESS_SETTING)
    for part in kept[:-1]:
        part.kind = SAME_CORRELATION | 3
    kept[-1].kind = last
    return kept


def _statement(body: bytes) -> bytes:
    """Derby's lock timeout is set when it starts, as is its time zone (UTC), and it knows no groups."""
    sql = sql_text(body)
    if sql is not None and UTC in sql:
        return make_sql_text(sql.replace(UTC, ""))
    if sql is not None and sql.upper().startswith("SET CURRENT LOCK TIMEOUT"):
        return make_sql_text("SET CURRENT ISOLATION CS")
    if sql is not None and sql.startswith("GRANT"):
        return make_sql_text(sql.replace(" TO USER ", " TO "))
    return body
