"""Configuration as code, as an administrator types it."""

import io
import json
import re
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.test_cli import Offhook, empty, file, offhook

__all__ = ["empty", "file", "offhook"]

ANNA = '[[user]]\nusername = "anna"\nname = "Anna Berg"\nnumber = "101"\n'


@pytest.fixture
def office(tmp_path: Path) -> Path:
    path = tmp_path / "office.toml"
    path.write_text(ANNA)
    return path


def test_a_file_is_applied_compared_and_exported(offhook: Offhook, office: Path, tmp_path: Path) -> None:
    line = '+ user anna: name = "Anna Berg", number = "101", dials_from = "Browser", device Browser\n'
    assert offhook("diff", str(office)) == (0, line, "")
    assert offhook("apply", "--dry-run", str(office)) == (0, line, "")
    assert offhook("apply", str(office)) == (0, f"{line}Done; `offhook undo 1` puts it back.\n", "")
    assert offhook("apply", str(office)) == (0, "Nothing differs.\n", "")
    code, out, _ = offhook("export")
    assert (code, 'username = "anna"\n' in out) == (0, True)
    kept = tmp_path / "kept.toml"
    assert offhook("export", str(kept)) == (0, "", "")
    assert kept.read_text() == out
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600, "there are hashes in it"
    assert offhook("diff", "--prune", str(kept)) == (0, "Nothing differs.\n", "")


def test_a_change_is_listed_and_undone(offhook: Offhook, office: Path) -> None:
    offhook("apply", str(office))
    code, out, _ = offhook("undo")
    assert (code, out) == (0, f"- user anna\nChange 1 is undone ({office}: 1 added, 0 changed, 0 removed).\n")
    _, out, _ = offhook("changes")
    newest, first = [re.split(r"  +", line) for line in out.splitlines()[1:]]
    assert (newest[0], newest[3]) == ("2", f"undo of change 1 ({office}): 0 added, 0 changed, 1 removed")
    assert (first[0], first[4].startswith("undone ")) == ("1", True)
    code, out, err = offhook("undo")
    assert (code, out) == (2, "")
    assert err.startswith("offhook: there is nothing to undo:\n")


def test_programs_are_told_in_json(offhook: Offhook, office: Path) -> None:
    _, out, _ = offhook("apply", "--json", str(office))
    assert [(line["what"], line["kind"], line["name"]) for line in json.loads(out)] == [
        ("added", "user", "anna")
    ]
    _, out, _ = offhook("changes", "--json")
    assert [change["id"] for change in json.loads(out)] == [1]
    _, out, _ = offhook("undo", "1", "--json")
    assert [line["what"] for line in json.loads(out)] == ["removed"]
    assert json.loads(offhook("diff", "--json", str(office))[1])[0]["key"] == ""


def test_a_file_may_come_from_standard_input(offhook: Offhook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(ANNA.encode())))
    assert offhook("apply", "-")[0] == 0
    assert "anna" in offhook("user", "list")[1]


def test_mistakes_are_lines_with_the_file_and_its_line_and_nothing_changes(
    offhook: Offhook, office: Path
) -> None:
    office.write_text(ANNA + 'nmae = "x"\nseconds = "30"\n')
    code, out, err = offhook("apply", str(office))
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        f"offhook: {office} cannot be applied; nothing has changed:",
        f"{office}, line 5: user anna, nmae: there is no such key; did you mean name?",
        f'{office}, line 6: user anna, seconds: "30" will not do: write a whole number',
    ]
    assert json.loads(offhook("user", "list", "--json")[1]) == []


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"# fine\nname = '\xff'\n", ", line 2: this is not UTF-8: save the file in that encoding"),
        ("[limits]\n".encode("utf-16"), ", line 1: this is not UTF-8: save the file in that encoding"),
        (b"", " says nothing: there is no table in it, such as [location] or [[user]]"),
        (b"# to be done\n", " says nothing: there is no table in it, such as [location] or [[user]]"),
        (b"#" * (50 << 20), " is larger than 32 MiB: is it another file?"),
    ],
    ids=["latin-1", "utf-16", "empty", "a comment", "large"],
)
def test_what_is_no_such_file_is_said_to_be_so(
    offhook: Offhook, office: Path, raw: bytes, sentence: str
) -> None:
    office.write_bytes(raw)
    for command in ("diff", "apply"):
        assert offhook(command, str(office)) == (1, "", f"offhook: {office}{sentence}\n")


def test_a_file_that_cannot_be_read_or_written_is_said_to_be_so(offhook: Offhook, tmp_path: Path) -> None:
    here = str(tmp_path)
    assert offhook("apply", "nowhere.toml")[2] == (
        "offhook: nowhere.toml cannot be read: No such file or directory\n"
    )
    assert offhook("apply", here)[2] == f"offhook: {here} cannot be read: Is a directory\n"
    assert offhook("export", here)[2] == (f"offhook: {here} is a directory: write the name of a file in it\n")
    assert offhook("export", f"{here}/none/office.toml") == (
        1,
        "",
        f"offhook: {here}/none/office.toml cannot be written: No such file or directory\n",
    )
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_standard_input_may_be_empty_or_closed(offhook: Offhook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"")))
    assert offhook("apply", "-")[2].startswith("offhook: standard input says nothing: ")
    monkeypatch.setattr(sys, "stdin", None)
    assert offhook("apply", "-")[2] == "offhook: standard input is closed\n"
