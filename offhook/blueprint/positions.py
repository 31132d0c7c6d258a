"""Where in a TOML text things stand: tomllib tells what a text says, and nothing of where.

A scan of a text that tomllib has read without complaint; a path such as `("user", 3, "device", 0, "srtp")`
becomes a line.
"""

import contextlib
import re
import tomllib
from bisect import bisect

Path = tuple[str | int, ...]

_SKIP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[ \t]*([A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')[ \t]*(\.?)""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})' r"|'''.*?'''(?:'{0,2})" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE = re.compile(r"[^,\]}\n#]*")


def lines_of(text: str) -> dict[Path, int]:
    """The line of each table, each key and each member of a list."""
    scan = _Scan(text)
    with contextlib.suppress(RecursionError, IndexError, ValueError):  # what was found is better than nothing
        scan.document()
    ends = [end.start() for end in re.finditer("\n", text)]
    return {path: bisect(ends, at - 1) + 1 for path, at in scan.found.items()}


class _Scan:
    def __init__(self, text: str) -> None:
        self.found: dict[Path, int] = {}
        self._text = text
        self._at = 0
        self._members: dict[Path, int] = {}  # of lists of tables: how many so far

    def document(self) -> None:
        table: Path = ()
        while self._skip() < len(self._text):
            begin = self._at
            if self._text[begin] == "[":
                double = self._text.startswith("[[", begin)
                self._at += 2 if double else 1
                table = self._header(self._keys(), double=double)
                self.found.setdefault(table, begin)
                self._at += 2 if double else 1
            else:
                self._pair(table)

    def _header(self, keys: list[str], *, double: bool) -> Path:
        path: Path = ()
        for n, key in enumerate(keys):
            path = (*path, key)
            if double and n == len(keys) - 1:
                self._members[path] = self._members.get(path, -1) + 1
            if path in self._members:
                path = (*path, self._members[path])
        return path

    def _pair(self, table: Path) -> None:
        begin = self._at
        path = (*table, *self._keys())
        self.found.setdefault(path, begin)
        self._at += 1  # =
        self._value(path)

    def _keys(self) -> list[str]:
        keys = []
        while key := _KEY.match(self._text, self._at):
            self._at = key.end()
            keys.append(_unquoted(key[1]))
            if not key[2]:
                break
        return keys

    def _value(self, path: Path) -> None:
        self._skip()
        if string := _STRING.match(self._text, self._at):
            self._at = string.end()
            return
        match self._text[self._at]:
            case "[":
                self._list(path)
            case "{":
                self._inline(path)
            case _:
                bare = _BARE.match(self._text, self._at)
                assert bare is not None, "it matches nothing at all, too"
                self._at = max(bare.end(), self._at + 1)  # onward, whatever there is

    def _list(self, path: Path) -> None:
        self._at += 1
        member = 0
        while self._text[self._skip()] != "]":
            self.found.setdefault((*path, member), self._at)
            self._value((*path, member))
            member += 1
            if self._text[self._skip()] == ",":
                self._at += 1
        self._at += 1

    def _inline(self, path: Path) -> None:
        self._at += 1
        while self._text[self._skip()] != "}":
            self._pair(path)
            if self._text[self._skip()] == ",":
                self._at += 1
        self._at += 1

    def _skip(self) -> int:
        blank = _SKIP.match(self._text, self._at)
        assert blank is not None, "it matches nothing at all, too"
        self._at = blank.end()
        return self._at


def _unquoted(key: str) -> str:
    return key if key[0] not in "\"'" else next(iter(tomllib.loads(f"{key} = 0")))
