"""What is mended of Derby's reply on its way to the driver."""

from tests.db2.shim.errors import as_db2
from tests.db2.shim.requests import CURSOR_STABILITY
from tests.db2.shim.wire import (
    ACCESSED,
    ATTRIBUTES,
    NOT_OPENED,
    PRODUCT,
    RESULT_SETS,
    SERVER_CLASS,
    SQL_CARD,
    SQL_DARD,
    TYPE_OVERRIDES,
    Segment,
    join,
    make_object,
    objects,
    read_object,
)

PRODUCT_ID = b"IFX11500"
"""What the driver takes the server for: as DB2 it would ask for more than Derby has."""

SERVER = "QDB2/LINUXX8664"
TYPE_DETAILS = (0x119C, 0x119D, 0x119E)
"""All that belongs into the type overrides; Derby puts the product's package and user there, too."""


def mend(segment: Segment) -> None:
    """Change it in place."""
    code = segment.code
    if code == ACCESSED:
        segment.body = make_object(code, _accessed(segment.payload))
    elif code == RESULT_SETS:
        for family in (b"SYSSH", b"SYSSN"):
            segment.body = segment.body.replace(family + CURSOR_STABILITY, family + b"1")
    elif code == ATTRIBUTES:
        name = SERVER.encode("cp500")
        parts = [(part, name if part == SERVER_CLASS else said) for part, said in objects(segment.payload)]
        segment.body = make_object(code, join(parts))
    elif code in (SQL_CARD, SQL_DARD, NOT_OPENED):
        segment.body = _told(segment.body)


def _told(body: bytes) -> bytes:
    """With the errors in it, which may stand behind another object."""
    out, at = b"", 0
    while at < len(body):
        code, payload, end = read_object(body, at)
        changed = as_db2(payload) if code in (SQL_CARD, SQL_DARD) else None
        out += body[at:end] if changed is None else make_object(code, changed)
        at = end
    return out


def _accessed(payload: bytes) -> bytes:
    out: list[tuple[int, bytes]] = []
    for code, said in objects(payload):
        if code == TYPE_OVERRIDES:
            inner = objects(said)
            out.append((code, join([part for part in inner if part[0] in TYPE_DETAILS])))
            out += [part for part in inner if part[0] not in TYPE_DETAILS]
        else:
            out.append((code, PRODUCT_ID if code == PRODUCT else said))
    return join(out)
