import { expect, test } from "vitest";
import { deviceIcon, deviceState, isThere } from "../src/features/devicewords";
import { sentOn } from "../src/features/forwarding";
import { choices, fresh, mannerWords, mobilesOf } from "../src/features/mobiles";
import { deviceName } from "../src/features/sight";
import type { SentOn } from "../src/features/works.svelte";
import type { Device, Diversion, Effect, User } from "../src/wire/types";

const anna = { id: "u1", name: "Anna Berg", number: "101", username: "anna" };
const always: Diversion = { when: "always", to: "102", on: true, shown: "Ben Cole" };
const mobile: Device = {
  id: "m", user: "u1", name: "", kind: "mobile", reachable: false, contacts: 0,
  mobile: { ...fresh, number: "+491715550110", shown: "+49 171 5550110" },
}; // prettier-ignore

const asked: unknown[] = [];
const desk = {
  ask: (word: string, what: unknown) => {
    asked.push([word, what]);
    return Promise.resolve() as never;
  },
};

function sent(diversions: readonly Diversion[], more: Partial<Effect> = {}): SentOn | null {
  const me: User = { ...anna, diversions };
  return sentOn(me, { sentences: [], warnings: [], barred: {}, loops: [], ...more }, desk);
}

function sends(...diversions: readonly Diversion[]): string | undefined {
  return sent(diversions)?.to;
}

test("calls are sent on only by what is on, for all callers, and leads to somebody", () => {
  expect(sends(always)).toBe("Ben Cole");
  expect(sends({ ...always, on: false })).toBeUndefined();
  expect(sends({ ...always, when: "busy" })).toBeUndefined();
  expect(sends({ ...always, to: "-" })).toBeUndefined();
  expect(sends({ ...always, by: "admin", callers: "external" })).toBeUndefined();
  expect(sends()).toBeUndefined();
});

test("what the administrator wants first comes before mine, the rest of theirs after", () => {
  const theirs: Diversion = { when: "always", to: "200", on: true, by: "admin" };
  expect(sends(theirs, always)).toBe("Ben Cole");
  expect(sends(always, { ...theirs, first: true })).toBe("200");
  expect(sends(theirs)).toBe("200");
});

test("what is barred or comes back is said so, and not that calls get there", () => {
  expect(sent([always])).toMatchObject({ leads: true, note: "They do not ring here." });
  const why = "The filter abroad does not let this number pass.";
  expect(sent([always], { barred: { "102": why }, loops: ["Another."] })).toMatchObject({ to: "Ben Cole", leads: false, note: why });
  const back = "Ben Cole diverts all calls back to you: calls ring at Ben Cole.";
  expect(sent([always], { warnings: ["Mobile does not ring.", back], loops: [back] })).toMatchObject({ leads: true, note: back });
  const theirs: Diversion = { when: "always", to: "200", on: true, by: "admin" };
  expect(sent([always, theirs], { barred: { "102": why } })).toMatchObject({ to: "200", leads: true, note: "Your administrator has set it.", takeBack: null });
});

test("calls are taken back with the target kept", () => {
  sent([always])?.takeBack?.();
  expect(asked).toEqual([["me.divert", { when: "always", to: "102", on: false }]]);
});

test("a mobile is there as long as it is switched on, whatever is known of its line", () => {
  expect(isThere(mobile)).toBe(true);
  expect([deviceName(mobile), deviceIcon(mobile)]).toEqual(["Mobile", "mobile"]);
  expect(deviceState(mobile, "granted", false)).toEqual({ words: "+49 171 5550110", tone: "ok" });
  const off: Device = { ...mobile, reachable: true, mobile: { ...fresh, enabled: false } };
  expect([isThere(off), deviceState(off, "granted", false).words]).toEqual([false, "Switched off"]);
  expect(mobilesOf([off, { ...mobile, kind: "phone", mobile: null }]).length).toBe(1);
});

test("how a mobile rings is one sentence", () => {
  expect(mannerWords(fresh)).toBe("Rings with your devices");
  expect(mannerWords({ ...fresh, delay: 10, max_alert: 20, min_alert: 3, call_waiting: false })).toBe(
    "Rings after 10 s, for 20 s at most; an answer within 3 s is taken for its mailbox; not while you are on the phone",
  );
  expect(mannerWords({ ...fresh, enabled: false, delay: 10 })).toBe("Does not ring");
});

test("a value that is none of the usual ones can still be chosen", () => {
  expect(choices([5, 10, 20], 12)).toEqual([5, 10, 12, 20]);
  expect(choices([5, 10, 20], 10)).toEqual([5, 10, 20]);
});
