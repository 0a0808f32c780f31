"""Object stores that run here: `nanio`, which checks signatures, and `moto`, which has more of the features."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ccr.adapters.cos import CosFiles
from tests.servers import free_port, when_listening

ACCESS_KEY = "accesskeyofthetests"
SECRET_KEY = "asecretkeyofthetests"
BUCKET = "care"


class Bucket(NamedTuple):
    """A bucket, and how to get at it."""

    endpoint: str
    server: "subprocess.Popen[bytes]"

    def files(self, **other: str) -> CosFiles:
        """Our adapter on it."""
        given: dict[str, str] = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY, "bucket": BUCKET} | other
        return CosFiles(endpoint=self.endpoint, **given)

    @property
    def settings(self) -> dict[str, Any]:
        """For `Settings`."""
        return {
            "files": "cos",
            "cos_endpoint": self.endpoint,
            "cos_bucket": BUCKET,
            "cos_access_key": ACCESS_KEY,
            "cos_secret_key": SECRET_KEY,
        }


@contextmanager
def serving(kind: str, folder: Path) -> Iterator[Bucket]:
    """A server of this kind with an empty bucket."""
    port = free_port()
    log = folder / f"{kind}.log"
    environ = os.environ | {"NANIO_ACCESS_KEY": ACCESS_KEY, "NANIO_SECRET_KEY": SECRET_KEY}
    with (
        log.open("wb") as output,
        subprocess.Popen(
            _command(kind, folder, port), env=environ, stdout=output, stderr=subprocess.STDOUT
        ) as server,
    ):
        try:
            when_listening(port, server, log)
            bucket = Bucket(f"http://127.0.0.1:{port}", server)
            bucket.files()._client().create_bucket(Bucket=BUCKET)
            yield bucket
        finally:
            server.kill()


def _command(kind: str, folder: Path, port: int) -> list[str]:
    here = ["--host", "127.0.0.1", "--port", str(port)]
    if kind == "nanio":
        return [sys.executable, "-m", "nanio", "serve", "--data-dir", str(folder / "buckets"), *here]
    return [sys.executable, "-m", "moto.server", *here]
