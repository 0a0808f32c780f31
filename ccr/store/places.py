"""The `?` of statements about many rows at once."""

from typing import TypeVar

T = TypeVar("T", int, str)


def of(values: list[T]) -> tuple[str, list[T]]:
    """What stands between the parentheses of an `IN`, and its parameters; `values` must not be empty."""
    return filled(values, ", ", "?")


def filled(values: list[T], between: str, place: str) -> tuple[str, list[T]]:
    """A place for each of the values, and the values.

    As many as the next power of two, the last value again and again: a statement of its own for every number of rows
    would have to be understood, and kept, for every number of rows.
    """
    size = 1 << (len(values) - 1).bit_length()
    return between.join([place] * size), values + values[-1:] * (size - len(values))
