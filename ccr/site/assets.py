"""The built files that pages load: under names that carry their content's hash, compressed ahead, cached for ever."""

import hashlib
import json
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from quart import Blueprint, Response, abort, request
from werkzeug.datastructures import Accept

from ccr.site.guards import unasked
from ccr.site.rendering import HEADERS

_CODINGS = (("br", ".br"), ("gzip", ".gz"))  # best first
_FOR_EVER = "public, max-age=31536000, immutable"
_WORKER = "sw.js"
_TYPES = mimetypes.MimeTypes()
_TYPES.add_type("text/javascript", ".js")
_TYPES.add_type("application/manifest+json", ".webmanifest")


class AssetsMissing(Exception):
    """A file that pages load has not been built. The message says what to do."""


@dataclass(frozen=True)
class _Asset:
    media_type: str
    etag: str
    content: bytes
    compressed: Mapping[str, bytes]


class Assets:
    """What `web/build_hook.py` built into `folder`, read once: a rebuild counts from the next start on.

    Raises `AssetsMissing` where nothing has been built yet.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._names: dict[str, str] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise AssetsMissing("the browser's half is not built: python web/build_hook.py") from None
        built = [path for path in folder.iterdir() if path.suffix not in {".br", ".gz"} and "-" in path.stem]
        self._files = {path.name: _read(path) for path in built}
        if missing := {*self._names.values(), _WORKER} - {
            *self._files,
            *(path.name for path in folder.glob(_WORKER)),
        }:
            raise AssetsMissing(f"built files are missing: {', '.join(sorted(missing))}")
        self.worker = _read(folder / _WORKER)

    def url(self, name: str) -> str:
        """Where the browser finds `name`, such as `app.css`. Raises `AssetsMissing` for a name nobody built."""
        try:
            return f"/static/{self._names[name]}"
        except KeyError:
            known = ", ".join(sorted(self._names))
            raise AssetsMissing(f"no built file is called {name!r}; there are {known}") from None

    def images(self) -> dict[str, tuple[bytes, str]]:
        """Content and type of every image that pages show, by its name."""
        found = ((name, self._files[built]) for name, built in self._names.items())
        return {
            name: (asset.content, asset.media_type)
            for name, asset in found
            if asset.media_type.startswith("image/")
        }

    def file(self, built_name: str) -> _Asset | None:
        """The file of that hashed name. Only what was built is served, whatever else lies in the folder."""
        return self._files.get(built_name)


def static_files(assets: Assets) -> Blueprint:
    """Serves `/static/<hashed name>` and the service worker, in the best form that the browser takes."""
    blueprint = Blueprint("static_files", __name__)

    @blueprint.get("/static/<name>")
    @unasked
    async def static_file(name: str) -> Response:
        asset = assets.file(name)
        if asset is None:
            abort(404)
        return await _served(asset, _FOR_EVER)

    @blueprint.get(f"/{_WORKER}")
    @unasked
    async def service_worker() -> Response:
        """At the root, because a worker looks after what lies beside and below it; asked for again at every visit."""
        response = await _served(assets.worker, "no-cache")
        # What a worker may do follows from its own headers, not from those of the pages it serves.
        response.headers["Content-Security-Policy"] = HEADERS["Content-Security-Policy"]
        return response

    return blueprint


async def _served(asset: _Asset, caching: str) -> Response:
    coding = _best(request.accept_encodings, asset)
    body = asset.compressed[coding] if coding else asset.content
    response = Response(body, content_type=asset.media_type)
    response.headers["Cache-Control"] = caching
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["ETag"] = f'"{asset.etag}{coding and "-" + coding}"'
    if coding:
        response.headers["Content-Encoding"] = coding
    return await response.make_conditional(request)


def _best(accepted: Accept, asset: _Asset) -> str:
    """The coding to send, or an empty text for the file as it is."""
    return next((coding for coding, _ in _CODINGS if coding in asset.compressed and accepted[coding] > 0), "")


def _read(path: Path) -> _Asset:
    content = path.read_bytes()
    media_type = _TYPES.guess_type(path.name)[0] or "application/octet-stream"
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    copies = {coding: path.with_name(path.name + suffix) for coding, suffix in _CODINGS}
    compressed = {coding: copy.read_bytes() for coding, copy in copies.items() if copy.exists()}
    return _Asset(media_type, hashlib.sha256(content).hexdigest()[:16], content, compressed)
