import { expect, test } from "vitest";
import type { Microphone } from "../src/phone/microphone";
import type { MakePeer, PeerListener } from "../src/phone/peer";
import { createPhone, type Phone } from "../src/phone/phone";
import { Refused } from "../src/wire/refused";
import type { Ask } from "../src/wire/types";
import { fakeTime, settle, type FakeTime } from "./time";

interface FakePeer {
  readonly listener: PeerListener;
  readonly track: MediaStreamTrack;
  told: string[];
  canSendDigits: boolean;
}

interface House {
  readonly phone: Phone;
  readonly time: FakeTime;
  readonly peers: FakePeer[];
  readonly asked: { leg: string; sdp: string }[];
  readonly heard: string[];
  readonly tracks: Set<unknown>;
  /** What the server says to the next offers, before it answers as usual. */
  refusals: (Refused | Promise<{ sdp: string }>)[];
}

function house(): House {
  const time = fakeTime();
  const peers: FakePeer[] = [];
  const asked: { leg: string; sdp: string }[] = [];
  const heard: string[] = [];
  const tracks = new Set<unknown>();
  const refusals: House["refusals"] = [];
  const microphone: Microphone = {
    take() {
      const track = { enabled: true } as MediaStreamTrack;
      tracks.add(track);
      return Promise.resolve(track);
    },
    release: (track) => void tracks.delete(track),
    choose: () => undefined,
  };
  const makePeer: MakePeer = (track, listener) => {
    const peer: FakePeer = { listener, track, told: [], canSendDigits: true };
    peers.push(peer);
    const number = peers.length;
    let offers = 0;
    return {
      offer({ restart }) {
        offers += 1;
        peer.told.push(restart ? "restart" : "offer");
        return Promise.resolve(`offer ${number}.${offers}`);
      },
      accept: (sdp) => Promise.resolve(void peer.told.push(sdp)),
      send: () => Promise.resolve(void peer.told.push("send")),
      digits: (keys) => (peer.canSendDigits ? Boolean(peer.told.push(`digits ${keys}`)) : false),
      close: () => void peer.told.push("close"),
    };
  };
  const ask = ((_: string, fields: { leg: string; sdp: string }) => {
    asked.push(fields);
    const refusal = refusals.shift();
    if (refusal instanceof Refused) return Promise.reject(refusal);
    return refusal ?? Promise.resolve({ sdp: `answer to ${fields.sdp}` });
  }) as unknown as Ask;
  const phone = createPhone({
    ask,
    microphone,
    makePeer,
    sounds: { play: (leg) => void heard.push(`play ${leg}`), stop: (leg) => void heard.push(`stop ${leg}`) },
    after: time.after,
    changed: () => undefined,
  });
  return { phone, time, peers, asked, heard, tracks, refusals };
}

test("the page offers and takes the server's answer", async () => {
  const it = house();
  await it.phone.attach("leg1");
  expect(it.asked).toEqual([{ leg: "leg1", sdp: "offer 1.1" }]);
  expect(it.peers[0]?.told).toEqual(["offer", "answer to offer 1.1"]);
  expect(it.phone.carries("leg1")).toBe(true);
});

test("an offer made ahead is used for the leg that came of it", async () => {
  const it = house();
  const ready = await it.phone.prepare();
  await it.phone.attach("leg1", ready);
  expect(it.peers).toHaveLength(1);
  it.peers[0]?.listener.sound({} as MediaStream);
  it.peers[0]?.listener.path("open");
  expect(it.heard).toContain("play leg1");
  expect(it.phone.path("leg1")).toBe("open");
});

test("a leg the server refuses leaves nothing behind", async () => {
  const it = house();
  it.refusals.push(new Refused("unknown-call", "This call is over."));
  await expect(it.phone.attach("leg1")).rejects.toMatchObject({ word: "unknown-call" });
  expect(it.peers[0]?.told).toEqual(["offer", "close"]);
  expect(it.phone.carries("leg1")).toBe(false);
  expect(it.tracks.size).toBe(0);
});

test("a new network keeps the connection and finds a new way", async () => {
  const it = house();
  await it.phone.attach("leg1");
  it.phone.renew();
  await settle();
  expect(it.peers).toHaveLength(1);
  expect(it.peers[0]?.told.slice(2)).toEqual(["restart", "answer to offer 1.2"]);
});

test("wishes that come while the server thinks are one more offer, after its answer", async () => {
  const it = house();
  let answer: (answer: { sdp: string }) => void = () => undefined;
  it.refusals.push(new Promise((resolve) => (answer = resolve)));
  const attached = it.phone.attach("leg1");
  await settle();
  it.phone.renew();
  it.phone.renew();
  await settle();
  expect(it.asked).toHaveLength(1);
  answer({ sdp: "late" });
  await attached;
  await settle();
  expect(it.peers[0]?.told).toEqual(["offer", "late", "restart", "answer to offer 1.2"]);
});

test("a wobble is waited out, a broken way is renewed", async () => {
  const it = house();
  await it.phone.attach("leg1");
  it.peers[0]?.listener.path("interrupted");
  await it.time.pass(500);
  it.peers[0]?.listener.path("open");
  await it.time.pass(5000);
  expect(it.asked).toHaveLength(1);
  it.peers[0]?.listener.path("broken");
  await it.time.pass(3000);
  expect(it.asked).toHaveLength(2);
});

test("a connection that new ways do not mend is made anew, and counts from there", async () => {
  const it = house();
  await it.phone.attach("leg1");
  for (const _ of [1, 2]) {
    it.peers[0]?.listener.path("broken");
    await it.time.pass(3000);
  }
  expect(it.peers[0]?.told.filter((each) => each === "restart")).toHaveLength(2);
  it.peers[0]?.listener.path("broken");
  await it.time.pass(3000);
  expect(it.peers).toHaveLength(2);
  expect(it.peers[0]?.told.at(-1)).toBe("close");
  expect(it.asked.at(-1)).toEqual({ leg: "leg1", sdp: "offer 2.1" });
  expect(it.tracks.size).toBe(1);
  it.peers[1]?.listener.path("broken");
  await it.time.pass(3000);
  expect(it.peers).toHaveLength(2);
});

test("new ways while all is well never cost the connection", async () => {
  const it = house();
  await it.phone.attach("leg1");
  it.peers[0]?.listener.path("open");
  for (const _ of [1, 2, 3]) {
    it.phone.renew();
    await settle();
  }
  it.peers[0]?.listener.path("broken");
  await it.time.pass(3000);
  expect(it.peers).toHaveLength(1);
});

test("without a line to the server nobody is asked until it is back", async () => {
  const it = house();
  await it.phone.attach("leg1");
  it.peers[0]?.listener.path("interrupted");
  it.refusals.push(new Refused("offline", ""));
  await it.time.pass(60_000);
  expect(it.asked).toHaveLength(2);
  it.phone.renew();
  await settle();
  expect(it.asked).toHaveLength(3);
});

test("taking a leg again replaces the connection", async () => {
  const it = house();
  await it.phone.attach("leg1");
  await it.phone.attach("leg1");
  expect(it.peers[0]?.told.at(-1)).toBe("close");
  expect(it.peers[1]?.told).toEqual(["offer", "answer to offer 2.1"]);
  expect(it.tracks.size).toBe(1);
});

test("mute silences the track, and a new microphone stays muted", async () => {
  const it = house();
  await it.phone.attach("leg1");
  it.phone.quiet("leg1", true);
  expect(it.peers[0]?.track.enabled).toBe(false);
  await it.phone.resend();
  expect(it.peers[0]?.told.at(-1)).toBe("send");
  expect([...it.tracks]).toEqual([{ enabled: false }]);
});

test("digits go into the sound when the far side takes them there", async () => {
  const it = house();
  await it.phone.attach("leg1");
  expect(it.phone.digits("leg1", "5")).toBe(true);
  const peer = it.peers[0] as FakePeer;
  peer.canSendDigits = false;
  expect(it.phone.digits("leg1", "5")).toBe(false);
  expect(it.phone.digits("leg2", "5")).toBe(false);
});

test("letting go closes everything and gives the microphone back", async () => {
  const it = house();
  await it.phone.attach("leg1");
  await it.phone.attach("leg2");
  it.phone.releaseAll();
  expect(it.peers.map((peer) => peer.told.at(-1))).toEqual(["close", "close"]);
  expect(it.heard).toEqual(["stop leg1", "stop leg2"]);
  expect(it.tracks.size).toBe(0);
});
