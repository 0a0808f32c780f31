"""What hashes passwords."""

from typing import Protocol


class Hasher(Protocol):
    """Hashes passwords, slowly on purpose and away from the event loop."""

    async def hash(self, password: str) -> str:
        """What is stored of the password."""

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether this is the password. Without a hash the answer is no, after the same time."""

    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made with weaker parameters than a new one would be."""

    def close(self) -> None:
        """No more hashing: end what it runs on."""
