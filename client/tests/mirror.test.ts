/// <reference types="vite/client" />
import { expect, test } from "vitest";
import { createMirror } from "../src/mirror/mirror";
import type { Change, Welcome } from "../src/wire/types";

type Line =
  | { readonly hears: Change | Welcome | { readonly id: number } }
  | { readonly picture: { readonly [kind: string]: { readonly [id: string]: unknown } } };

const traces = import.meta.glob("../../tests/contract/*.jsonl", { query: "?raw", import: "default", eager: true });

test.each(Object.entries(traces as { [path: string]: string }))("the mirror's law holds in %s", (_, text) => {
  const mirror = createMirror();
  let pictures = 0;
  for (const line of text.split("\n").filter(Boolean).map((each) => JSON.parse(each) as Line)) {
    if ("picture" in line) {
      expect(mirror.picture()).toEqual(line.picture);
      pictures += 1;
    } else if ("boot" in line.hears) mirror.welcome(line.hears);
    else if ("n" in line.hears) mirror.apply(line.hears);
  }
  expect(pictures).toBeGreaterThan(0);
});

const presence = (state: string): unknown => ({ id: "u1", state, since: 1 });

test("a thing set and then dropped leaves no trace", () => {
  const mirror = createMirror();
  mirror.apply({ n: 1, set: "presence", id: "u1", value: presence("ringing") });
  mirror.apply({ n: 2, drop: "presence", id: "u1" });
  expect(mirror.picture()).toEqual({});
  expect(mirror.n).toBe(2);
});

test("a snapshot tells only of what it changed", () => {
  const mirror = createMirror();
  mirror.apply({ n: 1, set: "presence", id: "u1", value: presence("available") });
  mirror.apply({ n: 2, set: "presence", id: "u2", value: presence("available") });
  const told: string[] = [];
  mirror.watch((kind, id) => told.push(`${kind} ${id}`));
  mirror.welcome({
    n: 9,
    boot: 1,
    time: 0,
    snapshot: [
      { set: "presence", id: "u1", value: presence("available") },
      { set: "presence", id: "u3", value: presence("offline") },
    ],
  });
  expect(told).toEqual(["presence u2", "presence u3"]);
});

test("a welcome without a snapshot keeps everything", () => {
  const mirror = createMirror();
  mirror.apply({ n: 1, set: "presence", id: "u1", value: presence("available") });
  mirror.welcome({ n: 4, boot: 1, time: 0 });
  expect(mirror.get("presence", "u1")).toEqual(presence("available"));
  expect(mirror.n).toBe(4);
});

test("what is said in passing is heard and not kept", () => {
  const mirror = createMirror();
  const heard: unknown[] = [];
  mirror.hear("record", (record) => heard.push(record));
  mirror.apply({ n: 1, post: "record", value: { id: "r1" } });
  expect(heard).toEqual([{ id: "r1" }]);
  expect(mirror.picture()).toEqual({});
});
