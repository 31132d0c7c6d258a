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


def test_a_file_that_is_not_there_or_no_text_is_said_to_be_so(offhook: Offhook, office: Path) -> None:
    code, _, err = offhook("apply", "nowhere.toml")
    assert (code, err) == (1, "offhook: [Errno 2] No such file or directory: 'nowhere.toml'\n")
    office.write_bytes(b"# fine\nname = '\xff'\n")
    code, _, err = offhook("diff", str(office))
    assert (code, err) == (
        1,
        f"offhook: {office}, line 2: this is not UTF-8: save the file in that encoding\n",
    )
