"""Files in a bucket of IBM Cloud Object Storage. The SDK is synchronous: it runs in threads of its own."""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ccr.ports import LINK_LASTS, FileMissing, FilesUnavailable

T = TypeVar("T")

THREADS = 8
MOST_WAITING = 200
"""Requests at once; whoever comes later is told to come again, instead of waiting for a store that does not answer."""

_GONE = frozenset({"NoSuchKey", "404", "NotFound"})
_OF_HEADER = {
    "Content-Type": "ResponseContentType",
    "Content-Disposition": "ResponseContentDisposition",
    "Cache-Control": "ResponseCacheControl",
}

_log = logging.getLogger(__name__)


class CosFiles:
    """The port `FileStore` on one bucket, by HMAC keys (an IAM key cannot sign links)."""

    def __init__(self, *, endpoint: str, bucket: str, access_key: str, secret_key: str) -> None:
        self._endpoint, self._bucket = endpoint, bucket
        self._keys = (access_key, secret_key)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="cos")
        self._waiting = 0
        self._made: Any = None
        self._away = False

    async def put(self, name: str, content: bytes, media_type: str) -> None:
        """Keep it; once this returns the store has it."""
        await self._run(
            lambda client: client.put_object(
                Bucket=self._bucket, Key=name, Body=content, ContentType=media_type
            )
        )

    async def read(self, name: str, start: int, length: int) -> bytes:
        """`length` bytes from byte `start` on, which it must have. Raises `FileMissing`."""
        if length < 1:
            return b""

        def fetch(client: Any) -> bytes:
            span = f"bytes={start}-{start + length - 1}"
            content: bytes = client.get_object(Bucket=self._bucket, Key=name, Range=span)["Body"].read()
            return content

        return await self._run(fetch)

    async def remove(self, name: str) -> None:
        """Forget it; again is harmless."""
        await self._run(lambda client: client.delete_object(Bucket=self._bucket, Key=name))

    async def link(self, name: str, headers: Mapping[str, str], lasts: int = LINK_LASTS) -> str | None:
        """An address that the store answers with these headers, signed, for so many seconds."""
        given = {_OF_HEADER[header]: value for header, value in headers.items() if header in _OF_HEADER}

        def sign(client: Any) -> str:
            params = {"Bucket": self._bucket, "Key": name, **given}
            return str(client.generate_presigned_url("get_object", Params=params, ExpiresIn=lasts))

        return await self._run(sign)

    async def close(self) -> None:
        """End the threads; what they are at is given up."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[Any], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise FilesUnavailable("too many requests wait for the object storage")
        self._waiting += 1
        try:
            done = await asyncio.get_running_loop().run_in_executor(self._threads, self._attempt, work)
        except FilesUnavailable as error:
            self._say(error)
            raise
        finally:
            self._waiting -= 1
        self._away = False
        return done

    def _attempt(self, work: Callable[[Any], T]) -> T:
        from ibm_botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

        try:
            return work(self._client())
        except ClientError as error:
            code = _code(error)
            if code in _GONE:
                raise FileMissing("not in the bucket") from error
            raise FilesUnavailable(f"the object storage refused: {code}") from error
        except (BotoCoreError, HTTPClientError, OSError) as error:
            raise FilesUnavailable(f"the object storage: {type(error).__name__}") from error

    def _client(self) -> Any:
        if self._made is None:
            self._made = _connect(self._endpoint, *self._keys)
        return self._made

    def _say(self, error: FilesUnavailable) -> None:
        """Once, and not for every upload that tries again."""
        if not self._away:
            _log.error("files cannot be stored or fetched: %s", error)
        self._away = True


def region_of(endpoint: str) -> str:
    """The region in the name of one of IBM's endpoints, which is part of what is signed; elsewhere any will do."""
    host = urlsplit(endpoint).hostname or ""
    found = re.match(r"s3(?:\.(?:private|direct))?\.([a-z]+(?:-[a-z]+)*)\.", host)
    return found[1] if found else "us-east-1"


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _connect(endpoint: str, access_key: str, secret_key: str) -> Any:
    import ibm_boto3
    from ibm_botocore.client import Config

    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        connect_timeout=3,
        read_timeout=20,
        retries={"mode": "standard", "total_max_attempts": 2},
        max_pool_connections=THREADS,
        # Newer checksums are more than the stores that speak this protocol know.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    # A session of its own: the module's default one is not made for threads.
    return ibm_boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        region_name=region_of(endpoint),
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=config,
    )
