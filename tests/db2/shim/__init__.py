"""Lets IBM's DB2 driver talk to Apache Derby's network server, which speaks the same protocol with an accent.

    ibm_db ── DRDA ──> shim ── DRDA ──> Derby

No DB2 server can be installed by a test, but its driver can be run for real: over a real connection, with its own
statements, errors and timeouts. Derby 10.14 speaks DRDA too, and refuses or misunderstands IBM's driver in a handful of
places. Each is mended here, on the wire, and Derby's errors become DB2's:

- `wire.py`: how DRDA frames what it says (segments and objects);
- `rows.py`: how it describes and carries parameters;
- `errors.py`: Derby's errors as DB2's;
- `requests.py`, `replies.py`: what is mended in each direction;
- `relay.py`: one connection, one exchange after another;
- `__main__.py`: the process, which can also pause, cut and slow connections, and lose commits.

It is a process of its own, because the driver keeps the interpreter to itself while it writes its diagnostics.
"""
