"""The page: files built from `client/`, held in memory, compressed once."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

Headers = list[tuple[bytes, bytes]]

_COMPRESSED = (".html", ".js", ".css", ".svg", ".json", ".webmanifest", ".txt", ".map", ".wav")
_NOT_BUILT = b"The page has not been built: run `python3 dev.py run`.\n"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Headers
    body: bytes


class Page:
    """Files under `assets/` carry a hash in their name and never change; all others are asked for anew."""

    def __init__(self, directory: Path) -> None:
        self._files: dict[str, _File] = {}
        if directory.is_dir():
            for path in sorted(directory.rglob("*")):
                if path.is_file():
                    name = "/" + path.relative_to(directory).as_posix()
                    self._files[name] = _File.read(path, lasting=name.startswith("/assets/"))
        if index := self._files.get("/index.html"):
            self._files["/"] = index

    def answer(self, path: str, accept_encoding: bytes, known: bytes) -> Answer | None:
        """The file at `path`, or that the browser has it (`known`: its If-None-Match), or None."""
        file = self._files.get(path)
        if file is None:
            if path == "/":
                return Answer(503, [(b"content-type", b"text/plain; charset=utf-8")], _NOT_BUILT)
            return None
        if file.tag in known:
            return Answer(304, file.headers, b"")
        if file.packed and b"gzip" in accept_encoding:
            return Answer(200, [*file.headers, (b"content-encoding", b"gzip")], file.packed)
        return Answer(200, file.headers, file.body)


@dataclass(frozen=True, slots=True)
class _File:
    headers: Headers
    body: bytes
    packed: bytes
    tag: bytes

    @classmethod
    def read(cls, path: Path, *, lasting: bool) -> "_File":
        body = path.read_bytes()
        tag = b'"' + hashlib.sha256(body).hexdigest()[:20].encode() + b'"'
        packed = gzip.compress(body, 9, mtime=0) if path.suffix in _COMPRESSED else b""
        if len(packed) >= len(body):
            packed = b""
        kind = "application/manifest+json" if path.suffix == ".webmanifest" else mimetypes.guess_type(path)[0]
        kind = kind or "application/octet-stream"
        if kind.startswith("text/") or kind.endswith(("javascript", "json")):
            kind += "; charset=utf-8"
        headers = [
            (b"content-type", kind.encode()),
            (b"cache-control", b"public, max-age=31536000, immutable" if lasting else b"no-cache"),
            (b"etag", tag),
            (b"vary", b"accept-encoding"),
        ]
        return cls(headers, body, packed, tag)
