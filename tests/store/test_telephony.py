"""Bindings, dialogs and the server's notes: what lasts over a restart."""

import pytest

from offhook.people.directory import DeviceInfo
from offhook.sip.dialog import TalkingDialog
from offhook.sip.flow import Flow
from offhook.store.bindings import Bindings, KeptBinding
from offhook.store.database import Database, StoreError
from offhook.store.devices import Devices
from offhook.store.dialogs import Dialogs, KeptDialog
from offhook.store.meta import Meta
from offhook.store.users import Users

NOW = 1_790_000_000.0


# ---- bindings


@pytest.fixture
async def phone(database: Database) -> DeviceInfo:
    anna = await Users(database, "hq").add("anna", "Anna Berg", "101", now=NOW)
    devices = Devices(database, "hq")
    return await devices.add_phone(anna.id, "Desk", "anna-desk", secret="s", realm="offhook", now=NOW)


def binding(device: str, *, contact: bytes = b"sip:anna@192.0.2.7:5062", cseq: int = 1) -> KeptBinding:
    return KeptBinding(
        device,
        contact,
        Flow("udp", "2001:db8::7", 5062, "::", 5060),
        b"<urn:uuid:1> 1",
        b"some\xff\0id@host",
        cseq,
        NOW + 300,
        nat=True,
        user_agent=b"Phone/1.0",
    )


async def test_a_binding_comes_back_as_it_was(database: Database, phone: DeviceInfo) -> None:
    bindings = Bindings(database, "hq")
    await bindings.put([binding(phone.id)])
    assert await bindings.load(now=NOW) == [binding(phone.id)]


async def test_a_refresh_takes_the_place_of_the_former_binding(database: Database, phone: DeviceInfo) -> None:
    bindings = Bindings(database, "hq")
    await bindings.put([binding(phone.id), binding(phone.id, contact=b"sip:other@192.0.2.8")])
    await bindings.put([binding(phone.id, cseq=2)])
    kept = await bindings.load(now=NOW)
    assert sorted((b.contact, b.cseq) for b in kept) == [
        (b"sip:anna@192.0.2.7:5062", 2),
        (b"sip:other@192.0.2.8", 1),
    ]


async def test_what_has_expired_or_was_removed_does_not_come_back(
    database: Database, phone: DeviceInfo
) -> None:
    bindings = Bindings(database, "hq")
    await bindings.put([binding(phone.id), binding(phone.id, contact=b"sip:b@192.0.2.8")])
    await bindings.remove([(phone.id, b"sip:b@192.0.2.8")])
    assert len(await bindings.load(now=NOW)) == 1
    assert await bindings.load(now=NOW + 300) == []
    assert await database.read("select * from bindings") == []


async def test_who_is_registered_at_a_time_is_told_and_nothing_is_forgotten(
    database: Database, phone: DeviceInfo
) -> None:
    bindings = Bindings(database, "hq")
    await bindings.put([binding(phone.id), binding(phone.id, contact=b"sip:b@192.0.2.8")])
    assert await bindings.registered(at=NOW + 299) == {phone.id}
    assert await bindings.registered(at=NOW + 300) == set()
    assert len(await bindings.load(now=NOW)) == 2


# ---- dialogs


async def test_a_dialog_comes_back_with_all_a_bye_needs(database: Database) -> None:
    dialogs = Dialogs(database)
    dialog = TalkingDialog(
        call_id=b"abc@host",
        local=b'"Anna" <sip:101@pbx>;tag=1',
        remote=b"<sip:102@pbx>;tag=\xff2",
        cseq=2,
        target=b"sip:ben@192.0.2.9:5060",
        routes=(b"<sip:proxy;lr>", b'"a, b" <sip:other;lr>'),
        flow=Flow("tls", "192.0.2.9", 40000, "192.0.2.1", 5061),
    )
    kept = KeptDialog("hq.11.12", dialog)
    await dialogs.put([kept])
    await dialogs.put([KeptDialog("hq.11.13", dialog)])
    await dialogs.remove(["hq.11.13"])
    assert await dialogs.load() == [kept]


async def test_a_dialog_without_routes_has_none_when_it_comes_back(database: Database) -> None:
    dialogs = Dialogs(database)
    for cseq in (1, 2):
        dialog = TalkingDialog(b"a", b"b", b"c", cseq, b"d", (), Flow("udp", "192.0.2.9", 1, "192.0.2.1", 2))
        await dialogs.put([KeptDialog("hq.11.12", dialog)])
    assert [kept.dialog for kept in await dialogs.load()] == [dialog]


# ---- meta


async def test_starts_are_counted_from_one(database: Database) -> None:
    assert [await Meta(database).next_boot() for _ in range(12)] == list(range(1, 13))


async def test_the_last_stamp_is_the_last_living_second(database: Database) -> None:
    meta = Meta(database)
    assert await meta.last_alive() is None
    await meta.stamp_alive(NOW)
    await meta.stamp_alive(NOW + 5.25)
    assert await meta.last_alive() == NOW + 5.25


async def test_the_first_realm_stays(database: Database) -> None:
    assert await Meta(database).realm("first") == "first"
    with pytest.raises(StoreError, match="write realm = 'first'"):
        await Meta(database).realm("second")
    assert await Meta(database).realm("first") == "first"
