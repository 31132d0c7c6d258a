import { expect, test } from "vitest";
import { connect, type Connection, type Link, type Socket } from "../src/wire/socket";
import type { Change, Hello, Welcome } from "../src/wire/types";
import { fakeTime, settle, type FakeTime } from "./time";

interface Wire extends Socket {
  sent: string[];
  closed: boolean;
}

interface House {
  readonly time: FakeTime;
  readonly wires: Wire[];
  readonly links: Link[];
  readonly heard: (Change | Welcome)[];
  readonly connection: Connection;
  hello: Hello;
  isSignedOut: boolean;
  doubled: number;
  last(): Wire;
  /** The newest connection opens and is welcomed. */
  welcome(n?: number): void;
  say(line: unknown): void;
}

function house(): House {
  const time = fakeTime();
  const wires: Wire[] = [];
  const links: Link[] = [];
  const heard: (Change | Welcome)[] = [];
  const built: Partial<House> = {
    time,
    wires,
    links,
    heard,
    hello: { tab: "t", boot: -1, n: -1, users: [], sound: true, visible: true },
    isSignedOut: false,
    doubled: 0,
    last: () => wires.at(-1) as Wire,
  };
  const it = built as House & { connection: Connection };
  it.welcome = (n = 1) => {
    it.last().onopen?.();
    it.say({ n, boot: 1, time: 0 });
  };
  it.say = (line) => {
    it.last().onmessage?.({ data: JSON.stringify(line) });
  };
  it.connection = connect(
    {
      hello: () => it.hello,
      welcomed: (welcome) => heard.push(welcome),
      changed: (change) => heard.push(change),
      linked: (link) => links.push(link),
      doubled: () => (it.doubled += 1),
      isSignedOut: () => Promise.resolve(it.isSignedOut),
    },
    {
      open() {
        const wire: Wire = {
          sent: [],
          closed: false,
          onopen: null,
          onmessage: null,
          onclose: null,
          send: (data) => wire.sent.push(data),
          close: () => (wire.closed = true),
        };
        wires.push(wire);
        return wire;
      },
      after: time.after,
      now: () => time.now / 1000,
      chance: () => 1,
    },
  );
  return it;
}

test("says hello when it opens, and is open once welcomed", () => {
  const it = house();
  it.last().onopen?.();
  expect(it.last().sent).toEqual([JSON.stringify({ hello: it.hello })]);
  expect(it.links).toEqual([]);
  it.say({ n: 3, boot: 1, time: 5 });
  expect(it.links).toEqual([{ state: "open" }]);
});

test("a frame may hold several lines", () => {
  const it = house();
  it.welcome();
  it.last().onmessage?.({ data: '{"n":2,"drop":"call","id":"a"}\n{"n":3,"drop":"call","id":"b"}\n' });
  expect(it.heard.map((line) => line.n)).toEqual([1, 2, 3]);
});

test("an answer reaches its own ask, whatever the order", async () => {
  const it = house();
  it.welcome();
  const first = it.connection.ask("call.hangup", { call: "a" });
  const second = it.connection.ask("call.dial", { to: "102", device: "d" });
  expect(JSON.parse(it.last().sent[2] as string)).toEqual({ id: 2, ask: { do: "call.dial", to: "102", device: "d" } });
  it.say({ id: 2, refused: "unknown-number", text: "There is nobody at this number." });
  it.say({ id: 1, ok: null });
  await expect(second).rejects.toMatchObject({ word: "unknown-number" });
  await expect(first).resolves.toBeNull();
});

test("an ask without a connection is refused at once", async () => {
  const it = house();
  await expect(it.connection.ask("call.hangup", { call: "a" })).rejects.toMatchObject({ word: "offline" });
});

test("what was asked when the line broke is refused, never asked again", async () => {
  const it = house();
  it.welcome();
  const asked = it.connection.ask("call.dial", { to: "102", device: "d" });
  it.last().onclose?.({ code: 1006 });
  await expect(asked).rejects.toMatchObject({ word: "lost" });
  await it.time.pass(20_000);
  it.welcome();
  expect(it.last().sent).toHaveLength(1);
});

test("comes back with longer and longer pauses, and from where it was", async () => {
  const it = house();
  it.welcome();
  it.hello = { ...it.hello, boot: 1, n: 812 };
  const pauses: number[] = [];
  for (let i = 0; i < 8; i += 1) {
    const before = it.time.now;
    const count = it.wires.length;
    it.last().onclose?.({ code: 1006 });
    await settle();
    while (it.wires.length === count) await it.time.pass(50);
    pauses.push(it.time.now - before);
  }
  expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  it.last().onopen?.();
  expect(JSON.parse(it.last().sent[0] as string)).toMatchObject({ hello: { boot: 1, n: 812 } });
});

test("after a restart of the server the first try is spread over five seconds", async () => {
  const it = house();
  it.welcome();
  it.last().onclose?.({ code: 1012 });
  await it.time.pass(4999);
  expect(it.wires).toHaveLength(1);
  await it.time.pass(1);
  expect(it.wires).toHaveLength(2);
});

test("a session that ended is not tried again", async () => {
  const it = house();
  it.welcome();
  it.last().onclose?.({ code: 4001 });
  await it.time.pass(60_000);
  expect(it.wires).toHaveLength(1);
  expect(it.links.at(-1)).toEqual({ state: "ended", why: "signed-out" });
});

test("a connection that never opened asks whether the session ended", async () => {
  const it = house();
  it.isSignedOut = true;
  it.last().onclose?.({ code: 1006 });
  await settle();
  expect(it.links.at(-1)).toEqual({ state: "ended", why: "signed-out" });
});

test("a doubled tab takes another name before it comes back", async () => {
  const it = house();
  it.welcome();
  it.last().onclose?.({ code: 4009 });
  expect(it.doubled).toBe(1);
  await it.time.pass(1000);
  expect(it.wires).toHaveLength(2);
});

test("a silent line is given up after three seconds", async () => {
  const it = house();
  it.welcome();
  it.connection.probe(true);
  await it.time.pass(3000);
  expect(it.wires[0]?.closed).toBe(true);
  await it.time.pass(500);
  expect(it.wires).toHaveLength(2);
});

test("a line that answers is kept", async () => {
  const it = house();
  it.welcome();
  it.connection.probe(true);
  it.say({ id: 1, ok: null });
  await it.time.pass(10_000);
  expect(it.wires).toHaveLength(1);
});

test("what a former connection still says is not heard", async () => {
  const it = house();
  it.welcome();
  const former = it.last();
  it.connection.probe(true);
  await it.time.pass(3500);
  it.welcome(7);
  former.onmessage?.({ data: '{"n":2,"drop":"call","id":"a"}' });
  former.onclose?.({ code: 1006 });
  expect(it.heard.map((line) => line.n)).toEqual([1, 7]);
  expect(it.links.at(-1)).toEqual({ state: "open" });
});

test("hurrying tries at once", () => {
  const it = house();
  it.welcome();
  it.last().onclose?.({ code: 1006 });
  it.connection.hurry();
  expect(it.wires).toHaveLength(2);
});
