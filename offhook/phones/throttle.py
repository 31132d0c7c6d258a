"""How often strangers may guess: only failures count, and whoever signs in rightly is let past.

Each address and each name has a bucket of ten wrong guesses that empties within a minute. While one is
full, wrong guesses get silence for an answer, and of those who have not signed in from there before only
two a second are looked at.
"""

from offhook.phones.addresses import place_of

GUESSES = 10
FORGOTTEN_PER_SECOND = GUESSES / 60.0
SECONDS_BETWEEN_LOOKS = 0.5
UNPROVEN_SECONDS = 20.0  # of the allowed rate that may come at once: an office comes back together
_REMEMBERED = 20_000  # buckets, and pairs that signed in; the oldest are forgotten first

Key = tuple[str, str]


class _Bucket:
    __slots__ = ("at", "filled", "next_look")

    def __init__(self, now: float) -> None:
        self.at = now
        self.filled = 0.0
        self.next_look = 0.0

    def level(self, now: float) -> float:
        return max(0.0, self.filled - (now - self.at) * FORGOTTEN_PER_SECOND)

    def is_full(self, now: float) -> bool:
        return self.level(now) > GUESSES - 1

    def add(self, now: float) -> None:
        self.filled = min(self.level(now) + 1.0, GUESSES)
        self.at = now


class Throttle:
    """What is remembered of strangers: never more than fits a table of fixed size."""

    def __init__(self, *, unproven_per_second: float = 50.0) -> None:
        self._rate = unproven_per_second
        self._buckets: dict[Key, _Bucket] = {}
        self._trusted: dict[Key, None] = {}
        self._unproven: dict[str, tuple[float, float]] = {}

    def may_ask(self, host: str, name: str, now: float) -> bool:
        """Whether one more request without proof from this address is answered."""
        if (host, name) in self._trusted:
            return True
        place = place_of(host)
        open_, at = self._unproven.get(place, (0.0, now))
        open_ = max(0.0, open_ - (now - at) * self._rate)
        if open_ >= self._rate * UNPROVEN_SECONDS:
            return False
        if len(self._unproven) >= _REMEMBERED and place not in self._unproven:
            del self._unproven[next(iter(self._unproven))]
        self._unproven[place] = open_ + 1.0, now
        return True

    def may_try(self, host: str, name: str, now: float) -> bool:
        """Whether a proof for `name` from this address is looked at now."""
        if not self._buckets or (host, name) in self._trusted:
            return True
        for key in (("address", place_of(host)), ("name", name)):
            bucket = self._buckets.get(key)
            if bucket is not None and bucket.is_full(now):
                if now < bucket.next_look:
                    return False
                bucket.next_look = now + SECONDS_BETWEEN_LOOKS
        return True

    def failed(self, host: str, name: str, now: float) -> bool:
        """A wrong guess. Returns whether it is to be answered at all."""
        address, named = self._bucket(("address", place_of(host)), now), self._bucket(("name", name), now)
        pair = self._bucket((host, name), now)
        answered = not address.is_full(now) and not named.is_full(now)
        for bucket in (address, named, pair):
            bucket.add(now)
        if pair.is_full(now):
            self._trusted.pop((host, name), None)
        return answered

    def succeeded(self, host: str, name: str, now: float) -> None:
        """Signed in rightly: from here this name is let past from now on."""
        if (host, name) not in self._trusted:
            if len(self._trusted) >= _REMEMBERED:
                del self._trusted[next(iter(self._trusted))]
            self._trusted[host, name] = None
        place = place_of(host)
        if (unproven := self._unproven.get(place)) is not None:
            self._unproven[place] = max(0.0, unproven[0] - 1.0), unproven[1]

    def _bucket(self, key: Key, now: float) -> _Bucket:
        bucket = self._buckets.pop(key, None)  # and in again: the oldest stand in front
        if bucket is None:
            bucket = _Bucket(now)
            while len(self._buckets) >= _REMEMBERED:
                del self._buckets[next(iter(self._buckets))]
        self._buckets[key] = bucket
        return bucket
