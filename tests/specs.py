"""What providers say about themselves. These files are not ours to hand on, so they lie beside the repository."""

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent.parent.parent / "shared" / "specs"


def spec(name: str) -> dict[str, Any]:
    """The provider's description, or a skip with one line that says what is missing."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"there is no ../shared/specs/{name} beside this clone")
    described: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return described
