"""Where the files lie that are no Python: within the package once installed, beside it in the source tree."""

import importlib.resources
from pathlib import Path


def template_folder() -> Path:
    """The Jinja templates."""
    return _find("templates", "web/templates")


def static_folder() -> Path:
    """What the browser loads, as `web/build_hook.py` built it: missing in a source tree not yet built."""
    return _find("static", "web/dist")


def hypercorn_config() -> Path:
    """The one place for what Hypercorn reads."""
    return _find("hypercorn.toml", "hypercorn.toml")


def _find(packaged: str, in_source: str) -> Path:
    package = Path(str(importlib.resources.files("ccr")))
    files = package / "_files"
    return files / packaged if files.is_dir() else package.parent / in_source
