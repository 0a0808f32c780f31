"""What the API says about portraits."""

from ccr.site.openapi_shapes import Operation, Schema, ref


def portrait_operations(form: dict[str, Schema]) -> dict[tuple[str, str], Operation]:
    """By method and path; `form` is how a file comes."""
    return {
        ("GET", "/me/portrait"): Operation(
            does="Where one's own portrait is, for staff", gives=ref("Portrait")
        ),
        ("POST", "/me/portrait"): Operation(
            does="Another portrait of oneself: the middle of a picture, as a small square",
            body=form,
            gives=ref("Portrait"),
            refuses=(413, 429, 503),
        ),
        ("DELETE", "/me/portrait"): Operation(does="Initials again", status=204),
        ("POST", "/agents/{id}/portrait"): Operation(
            does="Another portrait of an agent, for admins",
            body=form,
            gives=ref("Portrait"),
            refuses=(404, 413, 429, 503),
        ),
        ("DELETE", "/agents/{id}/portrait"): Operation(
            does="An agent's initials again, for admins", status=204, refuses=(404,)
        ),
    }
