"""Names that anybody may have given us, looked up by threads of their own: where they lead, and that it is not within.

`getaddrinfo` cannot be called off, and whoever names a host also chooses the name server that does not answer. In the
threads that everything else shares, a few such names would stop files and mails for everybody.
"""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

THREADS = 4

_NAT64 = ip_network("64:ff9b::/96")

Address = IPv4Address | IPv6Address
_Found = list[ResolveResult] | OSError


class NotAllowed(OSError):
    """The name leads to an address that we do not connect to."""


def is_public(address: Address) -> bool:
    """Whether it is on the open network: not ours, this machine's, or one that stands for another within."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


class PublicResolver(AbstractResolver):
    """Looks names up, and fails with `NotAllowed` unless every address found may be connected to."""

    def __init__(self, allowed: Callable[[Address], bool]) -> None:
        self._allowed = allowed
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="names")
        self._under_way: dict[int, Future[_Found]] = {}

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        """Every address of the name. Raises `OSError`."""
        return self._checked(await asyncio.wrap_future(self._begin(host, port, family)))

    async def resolve_for(self, asker: int, host: str, port: int) -> list[ResolveResult]:
        """The same for one of many who ask, of whose names one is looked up at a time: the next one waits.

        It goes on being looked up until the thread is free again, whether or not anybody still waits for it.
        """
        while (before := self._under_way.get(asker)) and not before.done():
            await asyncio.wait([asyncio.wrap_future(before)])
        self._under_way = {one: job for one, job in self._under_way.items() if not job.done()}
        job = self._under_way[asker] = self._begin(host, port, 0)
        return self._checked(await asyncio.wrap_future(job))

    async def close(self) -> None:
        """What is being looked up is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _begin(self, host: str, port: int, family: int) -> Future[_Found]:
        return self._threads.submit(_look_up, host, port, family)

    def _checked(self, found: _Found) -> list[ResolveResult]:
        if isinstance(found, OSError):
            raise found
        if not all(self._allowed(ip_address(result["host"].partition("%")[0])) for result in found):
            raise NotAllowed("not on the open network")
        return found


def _look_up(host: str, port: int, family: int) -> _Found:
    """In a thread. A failure is given back, not raised: perhaps nobody is there any more to take it."""
    try:
        found = socket.getaddrinfo(
            host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )
    except OSError as error:
        return error
    except UnicodeError:  # the parts of a name have their lengths
        return OSError("not a name")
    return [
        ResolveResult(
            hostname=host,
            host=str(address[0]),
            port=int(address[1]),
            family=kind,
            proto=proto,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
        for kind, _, proto, _, address in found
    ]
