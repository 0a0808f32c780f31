"""What the API says about reaching people while they are away."""

from ccr.site.openapi_shapes import Operation, ref

REACH: dict[tuple[str, str], Operation] = {
    ("GET", "/me/mobile"): Operation(does="The number that is texted", gives=ref("MobileState")),
    ("POST", "/me/mobile"): Operation(
        does="Have a code texted to a number",
        takes="MobileRequest",
        gives=ref("MobileState"),
        status=202,
        refuses=(409, 429),
    ),
    ("POST", "/me/mobile/confirm"): Operation(
        does="Prove the number by the code; texts are on",
        takes="MobileProof",
        gives=ref("MobileState"),
        refuses=(409, 429),
    ),
    ("PATCH", "/me/mobile"): Operation(
        does="Texts on or off", takes="MobileSwitch", gives=ref("MobileState"), refuses=(409,)
    ),
    ("DELETE", "/me/mobile"): Operation(does="Have the number forgotten", status=204),
    ("GET", "/me/notifications"): Operation(
        does="The browsers that show notifications, and the key to subscribe with", gives=ref("Browsers")
    ),
    ("POST", "/me/notifications"): Operation(
        does="Subscribe this browser, for as long as this session lasts",
        takes="NewSubscription",
        gives=ref("Browser"),
        status=201,
        refuses=(409, 429),
    ),
    ("DELETE", "/me/notifications/{id}"): Operation(
        does="No more notifications to a browser", status=204, refuses=(404,)
    ),
}
