"""Answers made small for slow lines, without holding up anybody else."""

import asyncio
import gzip

WORTH_IT = 1_000
"""Bytes; below, the header would eat what is won."""
AT_ONCE = 32 * 1024
"""Bytes that are compressed where they are, in a millisecond; with more a thread is busy, and nobody waits for it."""

_LEVEL = 6


async def packed(content: bytes) -> bytes:
    """By gzip, without a time in it: the same content gives the same bytes."""
    return _gzipped(content) if len(content) <= AT_ONCE else await asyncio.to_thread(_gzipped, content)


def _gzipped(content: bytes) -> bytes:
    return gzip.compress(content, _LEVEL, mtime=0)
