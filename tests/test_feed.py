"""The feed tells those concerned, in order, and nobody else."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.feed import Change, Feed


class Note(msgspec.Struct, frozen=True):
    id: str
    text: str
    topics: tuple[str, ...] = ("all",)


class Mirror:
    """A client's picture: what it was told, applied."""

    def __init__(self) -> None:
        self.notes: dict[str, tuple[str, int]] = {}
        self.said: list[str] = []

    def tell(self, change: Change, level: int | None) -> None:
        thing = change.new if change.new is not None else change.old
        if level is None or change.new is None:
            self.notes.pop(thing.id, None)
        elif change.kept:
            self.notes[thing.id] = thing.text, level
        else:
            self.said.append(thing.text)


class Broken:
    def tell(self, change: Change, level: int | None) -> None:
        raise RuntimeError("no")


def test_an_equal_value_is_no_news() -> None:
    feed = Feed()
    feed.set(Note("1", "a"))
    feed.set(Note("1", "a"))
    assert feed.n == 1


def test_only_followers_of_its_topics_hear_of_a_thing() -> None:
    feed, near, far = Feed(), Mirror(), Mirror()
    feed.follow(near, "user.1")
    feed.follow(far, "user.2")
    feed.set(Note("1", "a", ("user.1",)))
    assert near.notes
    assert not far.notes


def test_who_follows_several_topics_of_a_thing_hears_once_at_the_fullest_level() -> None:
    feed, mirror = Feed(), Mirror()
    feed.follow(mirror, "a", 2)
    feed.follow(mirror, "b", 1)
    feed.set(Note("1", "x", ("a", "b")))
    assert mirror.notes == {"1": ("x", 1)}


def test_a_thing_that_changes_its_topics_goes_out_of_sight_for_those_left_behind() -> None:
    feed, mirror = Feed(), Mirror()
    feed.follow(mirror, "a")
    feed.set(Note("1", "x", ("a",)))
    feed.set(Note("1", "y", ("b",)))
    assert mirror.notes == {}
    assert list(feed.things(["a"])) == []
    assert feed.latest(["a"]) == 2


def test_a_post_is_heard_and_not_kept() -> None:
    feed, mirror = Feed(), Mirror()
    feed.follow(mirror, "all")
    feed.post(Note("1", "hello"))
    assert mirror.said == ["hello"]
    assert list(feed.things(["all"])) == []


def test_a_follower_that_raises_is_dropped_and_reported_and_the_others_still_hear() -> None:
    reported: list[object] = []
    feed = Feed(lambda who, why: reported.append(who))
    broken, mirror = Broken(), Mirror()
    feed.follow(broken, "all")
    feed.follow(mirror, "all")
    feed.set(Note("1", "a"))
    feed.set(Note("2", "b"))
    assert reported == [broken]
    assert set(mirror.notes) == {"1", "2"}


def test_watchers_hear_before_followers_and_see_old_and_new() -> None:
    feed = Feed()
    seen: list[tuple[str | None, str | None]] = []
    feed.watch(Note, lambda old, new: seen.append((old.text if old else None, new.text if new else None)))
    feed.set(Note("1", "a"))
    feed.set(Note("1", "b"))
    feed.drop(Note, "1")
    assert seen == [(None, "a"), ("a", "b"), ("b", None)]


def test_what_a_watcher_publishes_is_told_after_the_change_it_heard_of() -> None:
    feed, order = Feed(), []

    class Order:
        def tell(self, change: Change, level: int | None) -> None:
            order.append(change.new.id)

    feed.follow(Order(), "all")
    feed.watch(Note, lambda old, new: feed.set(Note("2", "from watcher")) if new and new.id == "1" else None)
    feed.set(Note("1", "a"))
    assert order == ["1", "2"]


def test_a_watcher_that_raises_without_anyone_to_report_to_is_loud() -> None:
    feed = Feed()

    def bad(old: Note | None, new: Note | None) -> None:
        raise RuntimeError("bad watcher")

    feed.watch(Note, bad)
    with pytest.raises(RuntimeError, match="bad watcher"):
        feed.set(Note("1", "a"))


topic_sets = st.sets(st.sampled_from(["a", "b", "c"])).map(lambda s: tuple(sorted(s)))
steps = st.one_of(
    st.tuples(st.just("set"), st.sampled_from("123"), st.sampled_from("xyz"), topic_sets),
    st.tuples(st.just("drop"), st.sampled_from("123")),
    st.tuples(st.just("follow"), st.sampled_from("abc"), st.integers(0, 2)),
    st.tuples(st.just("unfollow"), st.sampled_from("abc")),
)


@given(st.lists(steps, max_size=40))
def test_a_late_snapshot_equals_an_early_one_with_the_changes_since(
    history: list[tuple[object, ...]],
) -> None:
    """The law of the mirror, with follow and unfollow drawn too."""
    feed, mirror = Feed(), Mirror()
    levels: dict[str, int] = {}

    def picture() -> dict[str, tuple[str, int]]:
        found = {}
        for note in feed.things(levels):
            assert isinstance(note, Note)
            found[note.id] = note.text, min(levels[t] for t in note.topics if t in levels)
        return found

    for step in history:
        match step:
            case ("set", str(id), str(text), tuple(topics)):
                feed.set(Note(id, text, topics))
            case ("drop", str(id)):
                feed.drop(Note, id)
            case ("follow", str(topic), int(level)):
                levels[topic] = level
                feed.follow(mirror, topic, level)
                mirror.notes = picture()
            case ("unfollow", str(topic)):
                levels.pop(topic, None)
                feed.unfollow(mirror, topic)
                mirror.notes = picture()
        assert mirror.notes == picture()
