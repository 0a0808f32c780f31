"""The shim as a process: `python -m tests.db2.shim PORT_OF_DERBY [memory]`.

Prints `PORT n` once it listens, then carries out what it is told, a line each, and says `ok` with what is asked for:

    pause | resume          stop, and go on, passing requests and replies
    cut                     every connection, without a word
    refuse | accept         new connections
    delay SECONDS           make every exchange slower
    commit HOW              `before`, `after`, `freeze` or `CODE STATE`: see `Faults.commits`
    statement TEXT=HOW      the next statement with this text: `cut` or `CODE STATE`
    count                   how many exchanges there were

It ends when its standard input does. With `memory`, every database is made when first asked for and lives in memory.
"""

import socket
import sys
import threading
from contextlib import suppress

from tests.db2.shim.relay import Faults, Relay


class Shim:
    """Listens, and has a relay for every connection."""

    def __init__(self, derby: int, *, memory: bool) -> None:
        self.faults = Faults()
        self._derby = derby
        self._memory = memory
        self._refusing = False
        self._relays: set[Relay] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def do(self, line: str) -> str:
        """One of the commands."""
        word, _, rest = line.partition(" ")
        faults = self.faults
        if word == "pause":
            faults.going.clear()
        elif word == "resume":
            faults.going.set()
        elif word == "cut":
            for relay in list(self._relays):
                relay.cut()
        elif word in ("refuse", "accept"):
            self._refusing = word == "refuse"
        elif word == "delay":
            faults.delay = float(rest)
        elif word == "commit":
            faults.commits.append(rest)
        elif word == "statement":
            text, _, how = rest.rpartition("=")
            faults.statements.append((text, how))
        elif word == "count":
            return f"ok {faults.exchanges}"
        return "ok"

    def _place(self, database: str) -> str:
        return f"memory:{database};create=true" if self._memory else f"{database};create=true"

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if self._refusing:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._derby))
            except OSError:
                client.close()
                continue
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            relay = Relay(client, server, self.faults, self._place)
            self._relays.add(relay)
            threading.Thread(target=self._run, args=(relay,), daemon=True).start()

    def _run(self, relay: Relay) -> None:
        with suppress(Exception):
            relay.run()
        self._relays.discard(relay)


def main() -> None:
    """Until standard input ends."""
    shim = Shim(int(sys.argv[1]), memory="memory" in sys.argv[2:])
    print("PORT", shim.port, flush=True)
    for line in sys.stdin:
        print(shim.do(line.strip()), flush=True)


if __name__ == "__main__":
    main()
