"""Browsers that talk in Opus: what keys, hold music and G.711 phones do to the sound."""

from pathlib import Path
from typing import Any

import pytest

from tests.stories.browser import Desk, Seat, needs_chromium
from tests.stories.office import Office, eventually
from tests.stories.test_browsers import talk
from tests.stories.test_phones import desk

pytestmark = [pytest.mark.story, needs_chromium]

# The codec of every stream of the live connection, those that go out first.
CODECS = """async () => {
    const live = window.connections.find(c => c.connectionState === "connected");
    const stats = live ? [...(await live.getStats()).values()] : [];
    const codecs = type => stats.filter(s => s.type === type)
        .map(stream => stats.find(s => s.id === stream.codecId)?.mimeType ?? "");
    return [...codecs("outbound-rtp"), ...codecs("inbound-rtp")];
}"""

# Listens on without a break; `window.keyHeard` tells whether both tones of a key were among the sound.
LISTEN_FOR_KEY = """([low, high]) => {
    const live = window.connections.find(c => c.connectionState === "connected");
    const context = window.ear ??= new AudioContext();
    const analyser = new AnalyserNode(context, {fftSize: 4096, smoothingTimeConstant: 0});
    context.createMediaStreamSource(new MediaStream([live.getReceivers()[0].track])).connect(analyser);
    const level = new Float32Array(analyser.frequencyBinCount);
    const at = hertz => level[Math.round(hertz * analyser.fftSize / context.sampleRate)];
    window.keyHeard = false;
    setInterval(() => {
        analyser.getFloatFrequencyData(level);
        window.keyHeard ||= at(low) > -50 && at(high) > -50;
    }, 20);
}"""


async def talk_in_opus(anna: Desk, ben: Desk) -> None:
    """Anna calls Ben; both hear each other, in Opus both ways."""
    await anna.dials("102")
    await ben.answers()
    await ben.hears(anna.tone)
    await anna.hears(ben.tone)
    for page in (anna, ben):
        await speaks(page, "audio/opus")


async def speaks(someone: Desk, codec: str) -> None:
    """One stream goes out and one comes in, both in this codec."""
    found: list[Any] = []

    async def both_ways() -> bool:
        found.append(await someone.page.evaluate(CODECS))
        return bool(found[-1] == [codec, codec])

    await eventually(both_ways, what=f"{codec} both ways, not {found[-1:]}")


async def test_a_key_is_heard_and_the_sound_goes_on_both_ways(office: Office, folder: Path) -> None:
    async with Seat(office, folder, 500) as here, Seat(office, folder, 700) as there:
        anna, ben = await here.sign_in("anna"), await there.sign_in("ben")
        await talk_in_opus(anna, ben)
        await ben.page.evaluate(LISTEN_FOR_KEY, [770, 1336])
        await anna.presses("Keypad")
        for _ in range(2):
            await anna.presses("5")
        await eventually(lambda: ben.page.evaluate("window.keyHeard"), what="the tones of key 5")
        await anna.page.wait_for_function(
            "() => window.connections.every(c => c.getSenders().every(s => !s.dtmf?.toneBuffer))"
        )
        await ben.hears(500)
        await anna.hears(700)
        await speaks(ben, "audio/opus")
        await anna.hangs_up()
        await ben.has_no_call()
        assert anna.problems == ben.problems == []
    await office.is_quiet()


@pytest.mark.parametrize("holder", ["who called", "who was called"])
async def test_who_is_held_hears_music_and_then_the_voice_again(
    office: Office, folder: Path, holder: str
) -> None:
    async with Seat(office, folder, 500) as here, Seat(office, folder, 700) as there:
        anna, ben = await here.sign_in("anna"), await there.sign_in("ben")
        await talk_in_opus(anna, ben)
        one, other = (anna, ben) if holder == "who called" else (ben, anna)
        for _ in range(2):
            await one.presses("Hold")
            await other.hears_something_but(one.tone)
            await one.hears_nothing()
            await one.presses("Hold")
            await other.hears(one.tone)
            await one.hears(other.tone)
        await speaks(other, "audio/opus")
        await anna.hangs_up()
        await ben.has_no_call()
        assert anna.problems == ben.problems == []
    await office.is_quiet()


async def test_after_opus_the_same_page_talks_to_a_desk_phone(office: Office, folder: Path) -> None:
    async with (
        Seat(office, folder, 500) as here,
        Seat(office, folder, 700) as there,
        desk(office, "carla") as carla,
    ):
        anna, ben = await here.sign_in("anna"), await there.sign_in("ben")
        await talk_in_opus(anna, ben)
        await anna.hangs_up()
        await anna.has_no_call()
        call = await talk(anna, carla)
        await anna.presses("Keypad")
        await anna.presses("5")
        await eventually(lambda: call.sound.events == [5], what="the key")
        call.sound.forget()
        await call.has_heard(500)
        await anna.hears(700)
        await anna.hangs_up()
        await call.is_over()
        assert anna.problems == ben.problems == []
    await office.is_quiet()
