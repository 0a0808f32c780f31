"""Telephone numbers as people type them, in the one form that is stored and texted to."""

from ccr.desk.refusals import invalid

_TEXTED = ("MOBILE", "FIXED_LINE_OR_MOBILE", "PERSONAL_NUMBER")
"""Kinds of numbers that may be a mobile one; the others cannot be texted, or somebody earns by it."""


def e164(text: str, country: str | None) -> str:
    """The number in the form E.164; without a country code it is one of `country`'s. Raises `invalid`."""
    import phonenumbers as library  # many tables, only where somebody gives a number

    try:
        number = library.parse(text, country)
    except library.NumberParseException as error:
        if error.error_type == library.NumberParseException.INVALID_COUNTRY_CODE:
            raise invalid(mobile="must begin with + and the country's code") from None
        raise invalid(mobile="is not a telephone number") from None
    if not library.is_valid_number(number) or number.extension:
        raise invalid(mobile="is not a telephone number that exists")
    kinds = {getattr(library.PhoneNumberType, name) for name in _TEXTED}
    if library.number_type(number) not in kinds:
        raise invalid(mobile="is not a mobile number")
    return str(library.format_number(number, library.PhoneNumberFormat.E164))
