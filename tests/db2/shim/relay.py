"""One connection: a request goes in, its reply comes out, and then the next."""

import select
import socket
import struct
import threading
import time
from contextlib import suppress

from tests.db2.shim import replies, requests
from tests.db2.shim.errors import error_card
from tests.db2.shim.wire import (
    COMMIT,
    REQUEST_WITHOUT_REPLY,
    SQL_CARD,
    Segment,
    Wire,
    make_object,
    sql_text,
)


class Faults:
    """What is to go wrong, for all connections. Set from outside, while they run."""

    def __init__(self) -> None:
        self.going = threading.Event()
        self.going.set()
        self.delay = 0.0
        """Seconds that every exchange takes longer."""

        self.exchanges = 0
        """Requests with their replies so far."""

        self.commits: list[str] = []
        """What happens to the next commits: `before` cuts the connection instead of passing the commit on, `after`
        passes it on and cuts instead of answering, `freeze` passes it on and pauses everything, a number and a
        SQLSTATE are what it fails with.
        """

        self.statements: list[tuple[str, str]] = []
        """What happens to the next statement that contains the first: `cut`, or what it fails with."""

    def of_commit(self) -> str | None:
        """What is to happen to this commit."""
        return self.commits.pop(0) if self.commits else None

    def of_statement(self, request: list[Segment]) -> str | None:
        """What is to happen to the statement that this request brings."""
        for sql in (sql_text(part.body) or "" for part in request):
            for fault in self.statements:
                if fault[0] in sql:
                    self.statements.remove(fault)
                    return fault[1]
        return None


class Relay:
    """Between one client and Derby."""

    def __init__(
        self, client: socket.socket, server: socket.socket, faults: Faults, place: requests.Place
    ) -> None:
        self._ends = (client, server)
        self._client, self._server = Wire(client), Wire(server)
        self._faults = faults
        self._place = place

    def run(self) -> None:
        """Until either side ends it."""
        try:
            while self._exchange():
                pass
        except (EOFError, OSError, ValueError):
            pass
        finally:
            self.cut(hard=False)

    def cut(self, *, hard: bool = True) -> None:
        """Close both sides; `hard` without a goodbye to the client."""
        if hard:
            with suppress(OSError):
                self._ends[0].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _exchange(self) -> bool:
        """Whether there will be another."""
        readable, _, _ = select.select(self._ends, [], [])
        if self._ends[0] not in readable:
            return False
        asked = self._client.receive()
        self._faults.going.wait()
        if self._faults.delay:
            time.sleep(self._faults.delay)
        request = [part for part in asked if part.kind & 0x0F != REQUEST_WITHOUT_REPLY]
        if request:
            request[-1].kind &= 0x0F
            self._faults.exchanges += 1
            reply = self._answer(request)
            self._faults.going.wait()
            self._client.send(reply)
        return len(request) == len(asked)

    def _answer(self, request: list[Segment]) -> list[Segment]:
        committing = request[0].code == COMMIT
        fault = self._faults.of_commit() if committing else self._faults.of_statement(request)
        if fault in ("before", "cut"):
            raise EOFError
        if fault not in (None, "after", "freeze"):
            return self._failure(request, str(fault))
        self._server.send(requests.mended(request, self._place))
        reply = self._server.receive()
        if fault == "after":
            raise EOFError
        if fault == "freeze":
            self._faults.going.clear()
        for part in reply:
            replies.mend(part)
        return reply

    @staticmethod
    def _failure(request: list[Segment], fault: str) -> list[Segment]:
        code, state = fault.split()
        body = make_object(SQL_CARD, error_card(int(code), state))
        correlations = sorted({part.correlation for part in request})
        last = correlations[-1]
        return [Segment(0x03 if n == last else 0x43, n, body) for n in correlations]
