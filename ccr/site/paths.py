"""What the paths of pages and API are made of."""

from ccr.desk.checking import MAX_ID

BASE = "/api/v1"
"""What all paths of the JSON API begin with."""

ID = f"int(max={MAX_ID})"
"""The route converter of ids: what is larger is not there."""
