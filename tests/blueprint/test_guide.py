"""The administrator's guide has every key, its default, and an example that can be applied."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from offhook.blueprint.document import Browser, Group, Mobile, Phone, User
from offhook.dialplan.model import Diversion, Filter, Limits, Location, Node, Ringing, Trunk
from offhook.store.database import Database
from tests.blueprint.office import put

GUIDE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")


async def test_the_example_can_be_applied(database: Database) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    applied = await put(database, example)
    assert {line.name for line in applied.differences} >= {"munich", "house", "north", "anna", "Service"}


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        (Location, "### [location]"),
        (Limits, "### [limits]"),
        (Node, "### [[node]]"),
        (Filter, "### [[filter]]"),
        (Trunk, "### [[trunk]]"),
        (User, "### [[user]]"),
        (Diversion, "**[[user.diversion]]**"),
        (Phone, "**[[user.device]]**"),
        (Browser, "**[[user.device]]**"),
        (Mobile, "**[[user.device]]**"),
        (Group, "### [[group]]"),
        (Ringing, "**[group.ringing]**"),
    ],
)
def test_every_key_is_in_the_reference_with_its_default(kind: type[msgspec.Struct], header: str) -> None:
    section = re.split(r"\n(?=### |\*\*\[)", GUIDE[GUIDE.index(header) + 1 :])[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    for field in msgspec.structs.fields(kind):
        row = next((row for row in rows if f"`{field.name}`" in row), None)
        assert row is not None, f"{field.name} is not in the guide"
        if isinstance(field.default, str | bool | int | float | tuple) and field.default not in ("", ()):
            spelt = json.dumps(list(field.default) if isinstance(field.default, tuple) else field.default)
            assert f"`{spelt}`" in row, f"{field.name}'s default is {spelt}"
