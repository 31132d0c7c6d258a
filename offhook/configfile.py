"""Reads and shows offhook.toml: text to `Config`, and each mistake to a sentence that mends it."""

import difflib
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec

from offhook.config import Address, Config, ConfigError, PortRange, Section, Webhook, masked

_PREFIX = "OFFHOOK_"


def load(path: Path | None, environ: Mapping[str, str]) -> Config:
    """The checked configuration. Raises ConfigError."""
    settings = [*(_from_file(path) if path else ()), *_from_environment(environ)]
    sections: dict[str, dict[str, Any]] = {name: {} for name in _SECTIONS}
    for setting in settings:
        sections[setting.section][setting.key] = setting.value()
    top = sections.pop("")
    parts = {name: _SECTIONS[name](**values) for name, values in sections.items()}
    config = msgspec.structs.replace(Config(), **top, **parts)
    for name in ("web", "sip"):
        section = getattr(config, name)
        if bool(section.certificate) != bool(section.key):
            where = path or "the environment"
            raise ConfigError(f"{where}: [{name}] certificate and key belong together: give both or neither")
    return config.completed()


def shown(config: Config) -> str:
    """The configuration as a file would hold it, with passwords masked."""
    lines = []
    for name, section in {"": config, **_sections_of(config)}.items():
        if name:
            lines.append(f"\n[{name}]")
        tables: list[str] = []
        for key, value in _plain(section).items():
            if isinstance(value, list):
                for table in value:
                    tables += [f"\n[[{name}.{key}]]", *_lines(table)]
            else:
                lines += _lines({key: value})
        lines += tables
    return "\n".join(lines) + "\n"


def as_dict(config: Config) -> dict[str, Any]:
    """The same for programs."""
    return {**_plain(config), **{name: _plain(section) for name, section in _sections_of(config).items()}}


def _lines(values: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]


@dataclass(frozen=True, slots=True)
class _Setting:
    """One key as somebody wrote it, and where."""

    origin: str
    section: str
    key: str
    raw: Any  # whatever TOML can hold

    def value(self) -> Any:
        """What the code will see. Raises ConfigError."""
        kind = get_type_hints(_SECTIONS[self.section])[self.key]
        try:
            value = msgspec.convert(
                self.raw, kind, strict=not self.origin.startswith("variable"), dec_hook=_decode
            )
        except msgspec.ValidationError:
            raise self.wrong(f"write {_remedy(kind)}") from None
        check, remedy = _CHECKS.get((self.section, self.key), (None, ""))
        if check is not None and not _holds(check, value):
            raise self.wrong(f"write {remedy}")
        return value

    def wrong(self, what: str) -> ConfigError:
        key = f"[{self.section}] {self.key}" if self.section else self.key
        shown = json.dumps(_masked(self.raw), ensure_ascii=False, default=str)
        return ConfigError(f"{self.origin}: {key} = {shown} will not do: {what}")


def _from_file(path: Path) -> Iterator[_Setting]:
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except FileNotFoundError:
        raise ConfigError(
            f"{path} does not exist: copy offhook.example.toml there, or give --config"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from None
    for name, value in document.items():
        if isinstance(value, dict):
            if name not in _SECTIONS:
                raise ConfigError(
                    f"{_at(path, text, name, '')}: there is no section [{name}]{_meant(name, _SECTIONS)}"
                )
            yield from (_setting(_at(path, text, name, key), name, key, v) for key, v in value.items())
        else:
            yield _setting(_at(path, text, "", name), "", name, value)


def _from_environment(environ: Mapping[str, str]) -> Iterator[_Setting]:
    for variable, text in sorted(environ.items()):
        if not variable.startswith(_PREFIX):
            continue
        name = variable.removeprefix(_PREFIX).lower()
        section, _, key = name.partition("_")
        if section not in _SECTIONS:
            section, key = "", name
            if name.removesuffix("_file") not in _keys(""):
                continue  # OFFHOOK_LOOP and its like are not ours
        setting = _setting(f"variable {variable}", section, key, text)
        if get_origin(get_type_hints(_SECTIONS[section])[setting.key]) is tuple:
            words = [word.strip() for word in text.split(",")]
            setting = _Setting(setting.origin, section, key, [word for word in words if word])
        yield setting


def _setting(origin: str, section: str, key: str, raw: Any) -> _Setting:
    keys = _keys(section)
    if key in keys:
        if key in _TABLES and isinstance(raw, list):
            raw = [_with_files(origin, table) for table in raw]
        return _Setting(origin, section, key, raw)
    plain = key.removesuffix("_file")
    if plain in keys and plain != key and get_type_hints(_SECTIONS[section])[plain] is str:
        return _Setting(f"{origin} ({raw})", section, plain, _text(origin, key, raw))
    where = f"[{section}] has" if section else "there is"
    raise ConfigError(f"{origin}: {where} no key {key!r}{_meant(key, keys)}")


def _with_files(origin: str, table: Any) -> Any:
    """A table of a list; what it says of files is read."""
    if not isinstance(table, dict):
        return table
    return {
        key.removesuffix("_file"): _text(origin, key, value) if key.endswith("_file") else value
        for key, value in table.items()
    }


def _text(origin: str, key: str, path: Any) -> str:
    try:
        return Path(str(path)).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{origin}: {key}: {error}") from None


def _at(path: Path, text: str, section: str, key: str) -> str:
    """`file, line n`: tomllib tells lines of broken syntax only, so the key is looked for."""
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line):
            current = header[1]
            if current == section and not key:
                return f"{path}, line {number}"
            continue
        begins_table = re.match(rf"\s*\[\[\s*{re.escape(section)}\.{re.escape(key)}\s*\]\]", line)
        if begins_table or (current == section and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line)):
            return f"{path}, line {number}"
    return str(path)


def _meant(word: str, known: "Mapping[str, Any] | list[str]") -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    names = [name for name in known if name]
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(names)}"


def _remedy(kind: Any) -> str:
    if get_origin(kind) is tuple:
        return f"a list, each of its members {_remedy(get_args(kind)[0])}"
    if choices := get_args(kind):
        return "one of " + ", ".join(json.dumps(choice) for choice in choices)
    return _REMEDIES[kind]


def _decode(kind: type, raw: Any) -> Any:
    if not isinstance(raw, str):
        raise TypeError
    return kind(raw)


def _holds(check: Callable[[Any], object], value: Any) -> bool:
    try:
        return bool(check(value))
    except ValueError:
        return False


def _keys(section: str) -> list[str]:
    return [key for key in _SECTIONS[section].__struct_fields__ if key not in _SECTIONS]


def _sections_of(config: Config) -> dict[str, Section]:
    return {name: getattr(config, name) for name in _SECTIONS if name}


def _plain(section: Section) -> dict[str, Any]:
    values = {key: getattr(section, key) for key in section.__struct_fields__ if key not in _SECTIONS}
    return {key: _masked(msgspec.to_builtins(v) if key in _TABLES else v) for key, v in values.items()}


def _masked(value: Any) -> Any:
    """As it may be shown: without passwords and secrets."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, list | tuple) and any(isinstance(one, dict) for one in value):
        return [_masked(one) for one in value]
    if isinstance(value, dict):
        return {key: "***" if key == "secret" else _masked(one) for key, one in value.items()}
    return value


_SECTIONS: dict[str, type[Section]] = {
    "": Config,
    **{
        name: kind
        for name, kind in get_type_hints(Config).items()
        if isinstance(kind, type) and issubclass(kind, Section)
    },
}

_TABLES = ("webhook",)  # keys of which there may be several, each a table of its own

_REMEDIES: dict[Any, str] = {
    str: "a text in quotes",
    int: "a whole number",
    bool: "true or false",
    Address: 'HOST:PORT in quotes, such as "0.0.0.0:5060" or "[::]:5060"',
    Webhook: 'a table [[records.webhook]] with url = "https://…" and secret = "…"',
    PortRange: 'a range within 1024-65535 in quotes, such as "16384-32767"',
}

_SHORTEST_SECRET = 16
_POSITIVE: tuple[Callable[[Any], object], str] = (lambda n: n >= 1, "a whole number from 1 on")

_CHECKS: dict[tuple[str, str], tuple[Callable[[Any], object], str]] = {
    ("", "site"): (
        lambda s: re.fullmatch(r"[a-z][a-z0-9-]{0,15}", s),
        "1 to 16 of a-z 0-9 -, a letter first",
    ),
    ("", "data"): (lambda s: s.startswith("/"), "the full path of a directory"),
    ("", "database"): (
        lambda s: re.match(r"sqlite:.|postgres(ql)?://", s),
        "sqlite:///path/to/offhook.db or postgresql://user:password@host/name",
    ),
    ("web", "url"): (
        lambda s: urlsplit(s).scheme in {"http", "https"} and urlsplit(s).hostname,
        "how users reach the page, such as https://phone.example.com",
    ),
    ("sip", "domain"): (lambda s: re.fullmatch(r"[A-Za-z0-9.:\[\]-]+", s), "a host name or an address"),
    ("sip", "realm"): (
        lambda s: re.fullmatch(r"[^\"\\\x00-\x1f]{1,64}", s),
        "1 to 64 letters without quotes",
    ),
    ("net", "public"): (lambda s: not s or IPv4Address(s), "an IPv4 address, not a name"),
    ("net", "public6"): (lambda s: not s or IPv6Address(s), "an IPv6 address without brackets"),
    ("net", "local"): (lambda nets: [ip_network(net) for net in nets] or True, "networks such as 10.0.0.0/8"),
    ("media", "hosts"): (lambda hosts: [ip_address(host) for host in hosts] or True, "addresses, not names"),
    ("media", "workers"): (lambda n: 0 <= n <= 256, "a whole number; 0 is one less than there are cores"),
    ("records", "keep_days"): (lambda n: n >= 0, "a whole number; 0 keeps them for ever"),
    ("records", "webhook"): (
        lambda hooks: (
            len({hook.url for hook in hooks}) == len(hooks)
            and all(
                urlsplit(hook.url).scheme in {"http", "https"} and urlsplit(hook.url).hostname
                for hook in hooks
            )
            and all(len(hook.secret) >= _SHORTEST_SECRET for hook in hooks)
        ),
        f"for each an https:// address of its own, and a secret of {_SHORTEST_SECRET} letters or more",
    ),
    **{("limits", key): _POSITIVE for key in ("calls", "calls_per_user", "ringing_legs")},
    **{("limits", key): _POSITIVE for key in ("connections_per_address", "requests_per_second")},
}
