"""What the house does when a page says where calls go: as little as the page can see of it."""

from collections.abc import Callable
from typing import Any

from tests.browser.house import House, Json, Refused

Move = Callable[[House, str, Json], Any]


def divert(house: House, user: str, ask: Json) -> None:
    me = house.things["user", user]
    if ask["to"] == me["number"]:
        raise Refused("may-not-divert", "This is your own number.")
    others = [d for d in me.get("diversions", []) if d["when"] != ask["when"] or d.get("by") == "admin"]
    named = next((u["name"] for u in _users(house) if u["number"] == ask["to"]), "")
    mine = [{"when": ask["when"], "to": ask["to"], "on": ask["on"], "shown": named}] if ask["to"] else []
    house.set("user", user, {**me, "diversions": [*others, *mine]})


def ring_for(house: House, user: str, ask: Json) -> None:
    house.set("user", user, {**house.things["user", user], "rings": ask["seconds"]})


def effect(house: House, user: str, ask: Json) -> Json:
    me = house.things["user", user]
    found = {d["when"]: d.get("shown") or d["to"] for d in me.get("diversions", []) if d["on"]}
    said = {"warnings": house.warnings, "barred": house.barred, "loops": house.warnings}
    if "always" in found:
        return {"sentences": [f"Every call goes to {found['always']}."], **said}
    seconds = me.get("rings", 30)
    then = f", then goes to {found['no-answer']}" if "no-answer" in found else ""
    sentences = [f"A call rings here for {seconds} seconds{then}."]
    if "busy" in found:
        sentences.append(f"If you are busy or decline, it goes to {found['busy']}.")
    return {"sentences": sentences, **said}


def explain(house: House, user: str, ask: Json) -> Json:
    called = next((u for u in _users(house) if u["number"] == ask["number"]), None)
    if called is None:
        raise Refused("unknown-number", "There is nobody at this number.")
    lines = [f"{ask['number']} is dialled.", f"It is {called['name']}.", "Desk phone rings for 30 seconds."]
    return {"lines": lines}


def add_mobile(house: House, user: str, ask: Json) -> Json:
    id = f"{user}.mobile{len(_mobiles(house, user))}"
    first = {"enabled": True, "delay": 0, "min_alert": 0, "max_alert": 0, "call_waiting": True}
    number = _number(ask["number"])
    if len(number) < 4:
        raise Refused("malformed", "This is no number outside. Write it like +49 171 5550110.")
    mobile = {name: ask.get(name, value) for name, value in first.items()} | {"number": number, "shown": ""}
    house.mobile(id, user, ask["name"], mobile)
    return {"device": id}


def change_mobile(house: House, user: str, ask: Json) -> None:
    device = house.things["device", ask["device"]]
    changes = {name: ask[name] for name in device["mobile"] if ask.get(name) is not None}
    if "number" in changes:
        changes["number"] = _number(changes["number"])
    house.mobile(device["id"], user, str(ask.get("name", device["name"])), {**device["mobile"], **changes})


def remove_mobile(house: House, user: str, ask: Json) -> None:
    house.drop("device", ask["device"])


FORWARDING: dict[str, Move] = {
    "me.divert": divert,
    "me.ring": ring_for,
    "me.effect": effect,
    "route.explain": explain,
    "mobile.add": add_mobile,
    "mobile.change": change_mobile,
    "mobile.remove": remove_mobile,
}


def _users(house: House) -> list[Json]:
    return [thing for (kind, _), thing in house.things.items() if kind == "user"]


def _mobiles(house: House, user: str) -> list[Json]:
    return [
        thing
        for (kind, _), thing in house.things.items()
        if kind == "device" and thing["user"] == user and thing["kind"] == "mobile"
    ]


def _number(typed: str) -> str:
    return "".join(key for key in typed if key in "+0123456789")
