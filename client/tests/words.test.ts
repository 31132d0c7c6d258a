import { expect, test } from "vitest";
import { day, span, timer, wait } from "../src/features/time";
import { fold, isMatch } from "../src/features/people.svelte";
import { see } from "../src/features/sight";
import type { Call, Leg } from "../src/wire/types";

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

const anna = { number: "101", name: "Anna Berg", user: "u1", device: "" };
const ben = { number: "102", name: "Ben Cole", user: "u2", device: "" };

function leg(id: string, party: typeof anna, more: Partial<Leg>): Leg {
  return {
    id, party, caller: false, state: "ringing", holding: false, muted: false, lost: false,
    since: null, takes_orders: false, via: null, cause: null, sentence: null, ...more,
  }; // prettier-ignore
}

function call(state: Call["state"], legs: readonly Leg[], called = anna): Call {
  const answered = state === "talking" ? 1 : null;
  return { id: "c", state, begun: 0, answered, cause: null, sentence: null, called, parked: null, legs };
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
