"""What the paths of pages and API are made of."""

from quart import Quart
from werkzeug.routing import IntegerConverter

BASE = "/api/v1"
"""What all paths of the JSON API begin with."""

ID = "id"
"""The route converter of ids."""


class _Ids(IntegerConverter):
    """No more digits than every database takes: what is larger is not there.

    Said by the form and not by a largest value, or werkzeug would answer 405 where other methods have the same path.
    """

    regex = r"[0-9]{1,16}"


def install(app: Quart) -> None:
    """Let the routes of `app` hold ids; before there are any."""
    app.url_map.converters[ID] = _Ids
