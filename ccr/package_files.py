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


def shipped_articles() -> dict[str, str]:
    """The help centre's articles that come with the registry, by their file's name without its ending."""
    folder = Path(str(importlib.resources.files("ccr"))) / "articles"
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))}


def _find(packaged: str, in_source: str) -> Path:
    package = Path(str(importlib.resources.files("ccr")))
    files = package / "_files"
    return files / packaged if files.is_dir() else package.parent / in_source
