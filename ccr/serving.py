"""Listens, serves and stops. The loop is uvloop where there is one; Hypercorn does the protocol.

Stopping takes these steps, each with its own limit, and together never more than ten seconds: `drain` says
goodbye to the connected, what is still open is cut, the app ends (its writers finish what they hold), and the
process is over.
"""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

import hypercorn.asyncio
from hypercorn.config import Config
from hypercorn.utils import LifespanTimeoutError

from ccr import hypercorn_fixes
from ccr.package_files import hypercorn_config
from ccr.settings import Settings

DRAIN_WITHIN = 4.0
"""Seconds for `drain`."""
CUT_AFTER = 1.0
"""Seconds from then until what is still open is cut; requests under way may finish meanwhile."""
STOPPED_WITHIN = 9.5
"""Seconds from the signal until the process ends by force, whatever still hangs."""
TURN = 0.0005
"""Seconds after which a thread that computes lets the event loop go on; Python's own 5 ms are felt in the chat."""

log = logging.getLogger(__name__)


class CannotListen(Exception):
    """The address cannot be bound. The message is one line for the operator."""


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run `main` to its end on the fastest event loop there is, in a process of its own."""
    sys.setswitchinterval(TURN)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main)


def settle() -> None:
    """Keep what there is now for good, so that no search for garbage goes through it again: each time all else would
    stand still for tens of milliseconds. Called once everything is ready to be served.
    """
    gc.collect()
    gc.freeze()


def listen(settings: Settings) -> socket.socket:
    """A socket bound to `settings.bind`, not yet accepting. Raises `CannotListen`.

    Bound before anything else is started, so that a port in use is one clear line and nothing half begun.
    """
    host, port = settings.bind_host, settings.bind_port
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address, family=family, backlog=_config().backlog)
    except OSError as error:
        raise CannotListen(f"cannot listen on {settings.bind} (CCR_BIND): {error.strerror}") from error
    # Every accepted connection takes it over: a message must not wait until the one before has arrived.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


async def serve(
    app: Any,
    settings: Settings,
    drain: Callable[[], Awaitable[None]],
    *,
    listener: socket.socket | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve the ASGI `app` until SIGTERM, SIGINT or `stop`; then `drain()`, and end.

    `drain` turns readiness off, says goodbye and closes the live connections; it has `DRAIN_WITHIN` seconds.
    `listener` is what `listen` answered, where the caller wanted to know the port first.
    Raises `CannotListen`, and what the app's own start raises.
    """
    stop = stop or asyncio.Event()
    listener = listener or listen(settings)
    hypercorn_fixes.apply()
    config = _config(listener)
    for warning in settings.warnings:
        log.warning("settings: %s", warning)
    with _signals(stop):
        try:
            await hypercorn.asyncio.serve(app, config, shutdown_trigger=_stopping(stop, drain, config))
        except LifespanTimeoutError:
            if not stop.is_set():
                raise
            # On a busy machine; what is committed stays committed, and a claimed mail is claimed again.
            log.warning("stopping: the app took too long to let go of what it holds")
    log.info("stopped")


def _config(listener: socket.socket | None = None) -> Config:
    config = Config.from_toml(hypercorn_config())
    config.errorlog = logging.getLogger("hypercorn.error")  # into our log, not a stream of its own
    if listener is not None:
        config.bind = [f"fd://{listener.detach()}"]
    return config


def _stopping(
    stop: asyncio.Event, drain: Callable[[], Awaitable[None]], config: Config
) -> Callable[[], Awaitable[None]]:
    """What Hypercorn waits for before it stops accepting."""

    async def trigger() -> None:
        await stop.wait()
        log.info("stopping")
        try:
            await asyncio.wait_for(drain(), DRAIN_WITHIN)
        except TimeoutError:
            log.warning("stopping: the connected took too long to say goodbye to")
        except Exception:
            log.exception("stopping: saying goodbye failed")
        asyncio.get_running_loop().call_later(CUT_AFTER, hypercorn_fixes.cut_connections, config)

    return trigger


@contextlib.contextmanager
def _signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set `stop`, while we serve on the main thread."""
    loop = asyncio.get_running_loop()

    def stop_now() -> None:
        if not stop.is_set():
            _end_by_force_after(STOPPED_WITHIN)
            stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    both = (signal.SIGTERM, signal.SIGINT)
    for each in both:
        try:
            loop.add_signal_handler(each, stop_now)
        except NotImplementedError:  # Windows
            signal.signal(each, lambda *_: loop.call_soon_threadsafe(stop_now))
    yield
    for each in both:
        with contextlib.suppress(NotImplementedError):
            loop.remove_signal_handler(each)


def _end_by_force_after(seconds: float) -> None:
    """Even with the event loop blocked or a thread that never ends. What is committed stays committed."""

    def end() -> None:
        log.critical("stopping took too long: ended by force")
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # there is none for Windows
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
