"""What the house does when a page hands calls on: as little as the page can see of it."""

from collections.abc import Callable
from typing import Any

from tests.browser.house import House, Json, Refused

Move = Callable[[House, str, Json], Any]


def answer(house: House, user: str, ask: Json) -> None:
    house.answer(ask["call"], ask["device"])


def transfer(house: House, user: str, ask: Json) -> None:
    _somebody(house, ask["to"])
    house.leave(ask["call"], user)


def connect(house: House, user: str, ask: Json) -> None:
    house.leave(ask["call"], user)
    house.leave(ask["other"], user)


def join(house: House, user: str, ask: Json) -> None:
    """The call that does not wait takes the other in; our leg in that one is gone."""
    held = house.leg_of(ask["other"], user)["holding"] and not house.leg_of(ask["call"], user)["holding"]
    into, gone = (ask["call"], ask["other"]) if held else (ask["other"], ask["call"])
    coming = [leg for leg in house.things["call", gone]["legs"] if leg["party"]["user"] != user]
    staying = [leg for leg in house.things["call", gone]["legs"] if leg["party"]["user"] == user]
    house.change_call(gone, legs=staying)
    house.change_call(into, legs=[*house.things["call", into]["legs"], *coming])
    house.change_leg(into, user, holding=False)
    house.end(gone, "moved", "The call goes on at another device.")


def part(house: House, user: str, ask: Json) -> None:
    legs = house.things["call", ask["call"]]["legs"]
    other = next(leg for leg in legs if leg["id"] == ask["leg"])
    house.change_call(ask["call"], legs=[leg for leg in legs if leg is not other])
    me = house.leg_of(ask["call"], user)["party"]
    house.parks(other["party"], me, me, "", user)


def park(house: House, user: str, ask: Json) -> Json:
    number = ask["number"] or house.things["user", user]["number"]
    at = _somebody(house, number)
    taken = {
        thing["place"]["slot"]
        for (kind, _), thing in house.things.items()
        if kind == "parked" and thing["place"]["user"] == at["user"]
    }
    slot = ask["slot"] or next(slot for slot in "0123456789" if slot not in taken)
    if slot in taken:
        raise Refused("occupied", "Another call is parked there already.")
    call = house.things["call", ask["call"]]
    other = next(leg["party"] for leg in call["legs"] if leg["party"]["user"] != user)
    me = house.leg_of(ask["call"], user)["party"]
    house.leave(ask["call"], user)
    house.parks(other, at, me, slot, user, call=ask["call"])
    return {"number": number, "slot": slot}


def retrieve(house: House, user: str, ask: Json) -> Json:
    parked = house.things["parked", ask["call"]]
    by = {"number": parked["place"]["number"], "name": "", "user": parked["place"]["user"], "device": ""}
    return _fetch(house, user, ask, parked["party"], {"how": "retrieved", "by": by})


def pick_up(house: House, user: str, ask: Json) -> Json:
    waiting = house.things["waiting", ask["call"]]
    return _fetch(house, user, ask, waiting["caller"], {"how": "picked-up", "by": waiting["called"]})


def move(house: House, user: str, ask: Json) -> Json:
    mine = house.leg_of(ask["call"], user)["party"]
    leg = house.leg({**mine, "device": ask["device"]}, via={"how": "moved", "by": mine})
    house.change_call(ask["call"], legs=[*house.things["call", ask["call"]]["legs"], leg])
    return {"leg": leg["id"]}


def redirect(house: House, user: str, ask: Json) -> None:
    _somebody(house, ask["to"])
    house.leave(ask["call"], user)


MOVES: dict[str, Move] = {
    "call.answer": answer,
    "call.transfer": transfer,
    "call.connect": connect,
    "call.join": join,
    "call.part": part,
    "call.park": park,
    "call.retrieve": retrieve,
    "call.pickup": pick_up,
    "call.move": move,
    "call.redirect": redirect,
}


def _fetch(house: House, user: str, ask: Json, other: Json, via: Json) -> Json:
    me = house.things["user", user]
    party = {"number": me["number"], "name": me["name"], "user": user, "device": ask["device"]}
    mine = house.leg(party, via=via)
    legs = [house.leg(other, caller=True, state="talking"), mine]
    call = {"id": ask["call"], "state": "parked", "begun": 0, "answered": None, "called": party, "legs": legs}
    house.put_call({**call, "cause": None, "sentence": None, "parked": None})
    return {"call": ask["call"], "leg": mine["id"]}


def _somebody(house: House, number: str) -> Json:
    for (kind, _), user in house.things.items():
        if kind == "user" and user["number"] == number:
            return house.party(user["username"])
    if len(number) < 4:
        raise Refused("unknown-number", "There is nobody at this number.")
    return {"number": number, "name": "", "user": "", "device": ""}
