"""What the feed says of browser legs: which tab carries the sound, and that it must attach again."""

import msgspec


class Attachment(msgspec.Struct, frozen=True):
    """A leg's sound runs through one tab of its user; `id` is the leg's."""

    id: str
    tab: str
    user: str

    @property
    def topics(self) -> tuple[str, ...]:
        return (f"own.{self.user}",)


class Renegotiate(msgspec.Struct, frozen=True):
    """Posted: the tab that carries leg `id` must make a new offer."""

    id: str
    tab: str
    user: str

    @property
    def topics(self) -> tuple[str, ...]:
        return (f"own.{self.user}",)
