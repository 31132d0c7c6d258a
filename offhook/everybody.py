"""Who is here and what they are doing, in memory and on the feed: all that is made of people."""

from collections.abc import Callable
from typing import Any

from offhook.features.board import Board
from offhook.feed import Feed
from offhook.people.devices import Devices
from offhook.people.directory import Directory
from offhook.people.groups import Groups
from offhook.people.here import Here
from offhook.people.preferences import Keep, Preferences
from offhook.people.presence import PresenceKeeper
from offhook.people.quality import QualityBoard


class Everybody:
    """`keep` writes what users wish."""

    def __init__(self, feed: Feed, now: Callable[[], float], keep: Keep) -> None:
        self.directory = Directory()
        self.devices: Devices[Any] = Devices(feed)
        self.groups = Groups(feed)
        self.presence = PresenceKeeper(feed, now)
        self.preferences = Preferences(self.directory, feed, keep)
        self.quality = QualityBoard(feed)
        self.board = Board(feed, self.groups, now)
        self.people = Here(self.directory, self.devices, self.groups, self.presence)

    def quiet(self, user: str, wanted: bool) -> None:
        """Whether this user does not want to be disturbed, from now on."""
        self.preferences.set(user, do_not_disturb=wanted)
