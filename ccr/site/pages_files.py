"""What pages need of files, beside the files themselves."""

from quart import Blueprint, Response

from ccr.site.guards import signed_in
from ccr.site.rendering import page
from ccr.site.timeline_files import blanks


def files_pages() -> Blueprint:
    """The markup that scripts fill when a file comes to a page that has none."""
    blueprint = Blueprint("files_pages", __name__)

    @blueprint.get("/parts/files")
    @signed_in
    async def file_parts() -> Response:
        return await page("file_parts.html", blanks=blanks())

    return blueprint
