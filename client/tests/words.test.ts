import { expect, test } from "vitest";
import { day, span, timer, wait } from "../src/features/time";
import { fold, isMatch } from "../src/features/people.svelte";
import { group, merge } from "../src/features/records.svelte";
import { see } from "../src/features/sight";
import type { Call, CallRecord, Leg } from "../src/wire/types";

test("a timer counts minutes, then hours", () => {
  expect([0, 9.9, 252, 3599, 3852, -3].map(timer)).toEqual(["00:00", "00:09", "04:12", "59:59", "1:04:12", "00:00"]);
});

test("a length is said in the largest two units that matter", () => {
  expect([18.2, 60, 270, 3900].map(span)).toEqual(["18 s", "1 min", "4 min 30 s", "1 h 05 min"]);
});

test("a wait is never said too short", () => {
  expect([0.2, 42, 60, 61, 119].map(wait)).toEqual(["1 second", "42 seconds", "1 minute", "2 minutes", "2 minutes"]);
});

test("days have the names people give them", () => {
  const now = new Date(2026, 10, 22, 0, 30).getTime() / 1000;
  const at = (...when: [number, number, number, number]): string => day(new Date(...when).getTime() / 1000, now);
  expect(at(2026, 10, 22, 0)).toBe("Today");
  expect(at(2026, 10, 21, 23)).toBe("Yesterday");
  expect(at(2026, 10, 17, 12)).toBe("Tuesday");
  expect(at(2026, 2, 14, 12)).toBe("14 March");
  expect(at(2025, 2, 14, 12)).toBe("14 March 2025");
});

test("a search folds accents and wants every word to begin a word", () => {
  const user = { id: "1", name: "Elif Yılmaz-Ünal", number: "105", username: "elif" };
  expect(isMatch(user, ["yil", "105"])).toBe(true);
  expect(isMatch(user, ["unal"])).toBe(true);
  expect(isMatch(user, ["lif"])).toBe(false);
  expect(fold(" Straße ")).toBe("strasse");
});

function record(id: string, more: Partial<CallRecord>): CallRecord {
  return {
    id, call: id, direction: "in", outcome: "missed", number: "102", name: "", user: "", device: "",
    begun: 0, answered: null, ended: 0, seconds: 0, cause: "", ...more,
  }; // prettier-ignore
}

test("records are newest first, and a newer copy replaces an older one", () => {
  const known = [record("b", { begun: 20 }), record("a", { begun: 10 })];
  const merged = merge([record("a", { begun: 10, outcome: "answered" }), record("c", { begun: 30 })], known);
  expect(merged.map((each) => `${each.id} ${each.outcome}`)).toEqual(["c missed", "b missed", "a answered"]);
});

test("consecutive calls of one kind are one row, until the day changes", () => {
  const records = [
    record("e", { begun: 105 }),
    record("d", { begun: 104 }),
    record("c", { begun: 103, outcome: "answered" }),
    record("b", { begun: 102 }),
    record("a", { begun: 2 }),
  ];
  const groups = group(records, (unix) => (unix < 100 ? "Yesterday" : "Today"));
  expect(groups.map((each) => each.records.map((one) => one.id).join(""))).toEqual(["ed", "c", "b", "a"]);
});

const anna = { number: "101", name: "Anna Berg", user: "u1", device: "" };
const ben = { number: "102", name: "Ben Cole", user: "u2", device: "" };

function leg(id: string, party: typeof anna, more: Partial<Leg>): Leg {
  return { id, party, caller: false, state: "ringing", holding: false, muted: false, lost: false, ...more };
}

function call(state: Call["state"], legs: readonly Leg[], called = anna): Call {
  return { id: "c", state, begun: 0, answered: state === "talking" ? 1 : null, cause: null, sentence: null, called, legs };
}

test("a call that rings me is incoming, from whoever calls", () => {
  const sight = see(
    call("ringing", [leg("1", ben, { caller: true, state: "talking" }), leg("2", anna, {}), leg("3", anna, {})]),
    "u1",
  );
  expect(sight.phase).toBe("incoming");
  expect(sight.other).toBe(ben);
  expect(sight.ringing.map((each) => each.id)).toEqual(["2", "3"]);
});

test("the same call, seen by its caller, rings out", () => {
  const sight = see(call("ringing", [leg("1", ben, { caller: true, state: "talking" }), leg("2", anna, {})]), "u2");
  expect(sight.phase).toBe("ringing");
  expect(sight.other).toBe(anna);
  expect(sight.mine?.id).toBe("1");
  expect(sight.outgoing).toBe(true);
});

test("before anybody rings, the other is whom the number names", () => {
  const sight = see(call("preparing", [leg("1", ben, { caller: true })]), "u2");
  expect(sight.phase).toBe("preparing");
  expect(sight.other).toBe(anna);
});

test("my hold is my phase, the other's hold is theirs", () => {
  const legs = [leg("1", ben, { caller: true, state: "talking", holding: true }), leg("2", anna, { state: "talking" })];
  expect(see(call("talking", legs), "u2").phase).toBe("held");
  const mine = see(call("talking", legs), "u1");
  expect(mine.phase).toBe("talking");
  expect(mine.otherHolds).toBe(true);
});

test("legs that are gone count no more", () => {
  const legs = [
    leg("1", ben, { caller: true, state: "talking" }),
    leg("2", anna, { state: "gone" }),
    leg("3", anna, { state: "talking" }),
  ];
  expect(see(call("talking", legs), "u1").mine?.id).toBe("3");
});
