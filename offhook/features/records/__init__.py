"""Call records: from what happens in calls to rows on disk, and from there to whoever is owed them."""

from offhook.features.records.recorder import Recorder

__all__ = ["Recorder"]
