"""People at Chromium: what they type, click, see and hear.

Each browser's microphone says one steady tone, so that who hears whom can be measured.
"""

import contextlib
import os
import re
import shutil
import signal
import wave
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import numpy as np
import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import BrowserContext, ConsoleMessage, Page, Playwright, async_playwright, expect
from playwright.async_api import Error as PlaywrightError

from tests.stories.office import PASSWORD, Office, eventually

Theme = Literal["light", "dark"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt: chromium)")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
]

# Keeps every connection the page makes, so that what arrives there can be measured.
KEEP_CONNECTIONS = """
    window.connections = [];
    window.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(...how) { super(...how); window.connections.push(this); }
    };
"""

# The loudest frequency among all that arrives, as [hertz, level in dB]; 0 Hz while there is no connection.
LISTEN = """async () => {
    const live = window.connections.filter(c => c.connectionState === "connected");
    const tracks = live.map(c => c.getReceivers()[0]?.track).filter(Boolean);
    if (!tracks.length) return [0, 0];
    const context = window.ear ??= new AudioContext();
    const analyser = new AnalyserNode(context, {fftSize: 16384, smoothingTimeConstant: 0});
    const sources = tracks.map(track => context.createMediaStreamSource(new MediaStream([track])));
    for (const source of sources) source.connect(analyser);
    await new Promise(done => setTimeout(done, 600));
    const level = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(level);
    for (const source of sources) source.disconnect();
    const loudest = level.reduce((best, value, bin) => value > level[best] ? bin : best, 0);
    return [loudest * context.sampleRate / analyser.fftSize, level[loudest]];
}"""

# The last second of each track that arrives, at 8 kHz; null for those not listened to for as long yet.
LISTEN_CLOSELY = """() => {
    const context = window.closeEar ??= new AudioContext({sampleRate: 8000});
    const ears = window.closeEars ??= new Map();
    const live = window.connections.filter(c => c.connectionState === "connected");
    const tracks = live.map(c => c.getReceivers()[0]?.track).filter(Boolean);
    return tracks.map(track => {
        if (!ears.has(track.id)) {
            const analyser = new AnalyserNode(context, {fftSize: 8192});
            context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
            ears.set(track.id, {analyser, since: context.currentTime});
        }
        const {analyser, since} = ears.get(track.id);
        if (context.currentTime < since + 1.1) return null;
        const samples = new Float32Array(8192);
        analyser.getFloatTimeDomainData(samples);
        return [...samples.subarray(192)].map(sample => Math.round(sample * 32768));
    });
}"""


def write_tone(path: Path, hertz: float) -> Path:
    """A few seconds of a tone that joins its own beginning, as the fake microphone wants it."""
    rate = 48000
    samples = 12000 * np.sin(2 * np.pi * hertz * np.arange(rate * 4) / rate)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


class Seat:
    """One Chromium with one voice; people sit down at it and open tabs."""

    def __init__(self, office: Office, folder: Path, tone: float) -> None:
        self._office = office
        self._voice = write_tone(folder / f"voice-{tone:g}.wav", tone)
        self.tone = tone

    async def __aenter__(self) -> Self:
        self._playwright: Playwright = await async_playwright().start()
        self._chromium: Chromium = await self._playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[*FLAGS, f"--use-file-for-fake-audio-capture={self._voice}"],
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        if why is not None:
            await self._say_what_is_seen()
        await self._chromium.close()
        await self._playwright.stop()

    async def open(
        self, *, microphone: bool = True, path: str = "/", width: int = 1280, theme: Theme = "light"
    ) -> "Desk":
        """A browser profile of its own, with nobody signed in."""
        context = await self._chromium.new_context(
            permissions=["microphone", "notifications"] if microphone else [],
            base_url=self._office.url,
            viewport={"width": width, "height": 800},
            color_scheme=theme,
            reduced_motion="reduce",
            locale="en-GB",
        )
        desk = Desk(context, await context.new_page(), self.tone)
        await desk.arrive(path)
        return desk

    async def sign_in(
        self, username: str, *, microphone: bool = True, width: int = 1280, theme: Theme = "light"
    ) -> "Desk":
        desk = await self.open(microphone=microphone, width=width, theme=theme)
        await desk.signs_in(username)
        await desk.is_in()
        await self._office.is_at_ease()
        return desk

    async def _say_what_is_seen(self) -> None:
        """A story has failed: what its pages show may say why."""
        for page in [page for context in self._chromium.contexts for page in context.pages]:
            with contextlib.suppress(PlaywrightError):
                print(f"--- {page.url}\n{await page.inner_text('body', timeout=2000)}")

    def kill(self) -> None:
        """As when its computer loses power: nobody is told anything."""
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (folder / "cmdline").read_bytes()
                if str(self._voice).encode() in words and b"--type=" not in words:
                    os.kill(int(folder.name), signal.SIGKILL)


class Desk:
    """One tab of somebody's browser."""

    def __init__(self, context: BrowserContext, page: Page, tone: float) -> None:
        self.context = context
        self.page = page
        self.tone = tone
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", self._said)

    def _said(self, message: ConsoleMessage) -> None:
        """Errors are problems, but for the 401 that tells a page that nobody is signed in."""
        if message.type == "error" and "401" not in message.text:
            self.problems.append(message.text)

    # ---- coming and going

    async def arrive(self, path: str = "/") -> None:
        await self.page.add_init_script(KEEP_CONNECTIONS)
        await self.page.goto(path)

    async def signs_in(self, username: str, password: str = PASSWORD) -> None:
        await self.page.get_by_label("User name").fill(username)
        await self.page.get_by_label("Password", exact=True).fill(password)
        await self.page.get_by_role("button", name="Sign in").click()

    async def another_tab(self) -> "Desk":
        desk = Desk(self.context, await self.context.new_page(), self.tone)
        await desk.arrive()
        await desk.is_in()
        return desk

    async def is_in(self) -> None:
        """At the desk, and in touch with the office: only from there comes whether one is available."""
        in_touch = re.compile("^Account: .*(Available|Ringing|On a call|Offline)$")
        await expect(self.page.get_by_role("button", name=in_touch)).to_be_visible(timeout=30000)

    async def is_out(self) -> None:
        await expect(self.page.get_by_role("button", name="Sign in")).to_be_visible(timeout=30000)

    async def goes_to(self, place: str) -> None:
        """One of the page's places, such as `calls` or `settings/password`."""
        await self.page.evaluate("(place) => { location.hash = place }", place)

    # ---- calls

    async def dials(self, number: str) -> None:
        field = self.page.get_by_label("Name or number")
        await field.fill(number)
        await field.press("Enter")

    async def uses(self, device: str) -> None:
        """Picks the device of the calls to come."""
        await self.page.get_by_role("button", name="Calls use").click()
        await self.page.get_by_role("dialog", name="Calls use").get_by_role("radio", name=device).check()
        await self.page.keyboard.press("Escape")
        await expect(self.page.get_by_role("button", name=f"Calls use {device}")).to_be_visible()

    async def presses(self, button: str) -> None:
        await self.page.get_by_role("button", name=button, exact=True).first.click(timeout=30000)

    async def answers(self) -> None:
        await self.presses("Answer")

    async def declines(self) -> None:
        await self.presses("Decline")

    async def hangs_up(self) -> None:
        await self.presses("End call")

    async def rings(self) -> None:
        await expect(self.page.get_by_role("button", name="Answer", exact=True)).to_be_visible(timeout=30000)

    async def has_stopped_ringing(self) -> None:
        await expect(self.page.get_by_role("button", name="Answer", exact=True)).to_have_count(
            0, timeout=30000
        )

    async def is_talking(self) -> None:
        await expect(self.page.get_by_role("timer").first).to_be_visible(timeout=30000)

    async def has_no_call(self) -> None:
        await expect(self.page.get_by_role("button", name="End call")).to_have_count(0, timeout=30000)
        await self.has_stopped_ringing()

    async def reads(self, sentence: str) -> None:
        """It stands there to be read."""
        await expect(self.page.get_by_text(sentence).locator("visible=true").first).to_be_visible(
            timeout=30000
        )

    # ---- sound

    async def listens(self) -> list[list[int]]:
        """The last second of what arrives, at 8 kHz, from each connection; half a second at first."""
        heard = await self.page.evaluate(LISTEN_CLOSELY)
        return [[0] * 4000 if samples is None else samples for samples in heard]

    async def hears(self, hertz: float) -> None:
        """The loudest thing to be heard is this tone."""
        heard: list[tuple[float, float]] = []

        async def loud() -> bool:
            found, level = await self.page.evaluate(LISTEN)
            heard.append((found, level))
            return bool(abs(found - hertz) < 15 and level > -70)

        try:
            await eventually(loud, within=30)
        except AssertionError:
            raise AssertionError(f"should hear {hertz:g} Hz, hears (Hz, dB): {heard[-3:]}") from None

    async def hears_something_but(self, hertz: float) -> None:
        """There is sound, and it is not this tone."""

        async def other() -> bool:
            found, level = await self.page.evaluate(LISTEN)
            return bool(found and abs(found - hertz) >= 15 and level > -70)

        await eventually(other, within=30, what=f"something else than {hertz:g} Hz")

    async def hears_nothing(self) -> None:
        async def quiet() -> bool:
            _, level = await self.page.evaluate(LISTEN)
            return bool(level < -75)

        await eventually(quiet, within=30, what="silence")
