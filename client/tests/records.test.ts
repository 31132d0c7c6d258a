import { expect, test } from "vitest";
import { group, matches, merge } from "../src/features/records.svelte";
import { outcomeChip, rowFacts } from "../src/features/recordwords";
import { lines, story } from "../src/features/steps";
import type { CallRecord, Device, Party, RecordDetail, Step } from "../src/wire/types";

const ben: Party = { number: "102", name: "Ben Cole", user: "u2", device: "" };
const carla: Party = { number: "103", name: "Carla Diaz", user: "u3", device: "" };
const phone: Device = { id: "d1", user: "u1", name: "Desk phone", kind: "phone", reachable: true, contacts: 1 };

function record(id: string, more: Partial<CallRecord>): CallRecord {
  return {
    id, call: id, direction: "in", outcome: "missed", number: "102", name: "", user: "", device: "",
    begun: 0, answered: null, ended: 0, seconds: 0, cause: "", sentence: "", via: null, to: null, ...more,
  }; // prettier-ignore
}

function step(at: number, msg: string, who: Party = ben, cause: number | null = null): Step {
  return { msg, at, number: who.number, name: who.name, cause, conf: "c" };
}

function said(detail: Partial<RecordDetail> & Pick<RecordDetail, "events">, device = ""): readonly string[] {
  return lines({ record: record("a", {}), parts: [], ...detail }, device).map((line) => line.words);
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

test("a call that was diverted on is an incoming one and was not missed", () => {
  const sent = record("a", { direction: "diverted", outcome: "forwarded", to: carla });
  expect(matches(sent, "incoming")).toBe(true);
  expect(matches(sent, "missed")).toBe(false);
  expect(matches(record("b", { direction: "transferred", outcome: "forwarded" }), "outgoing")).toBe(true);
});

test("a row says the way a call took, else number and phone", () => {
  const facts = (more: Partial<CallRecord>): string => rowFacts(record("a", { name: "Ben Cole", ...more }), "Ben Cole", [phone]);
  expect(facts({ outcome: "answered", answered: 5, device: "d1" })).toBe("102 · on Desk phone");
  expect(facts({ outcome: "answered", answered: 5, via: { how: "diverted", by: carla } })).toBe("diverted by Carla Diaz");
  expect(facts({ outcome: "missed", via: { how: "group", by: { ...carla, name: "Service" } } })).toBe("for Service");
  expect(facts({ outcome: "answered", answered: 5, via: { how: "recalled", by: carla } })).toBe("came back from Carla Diaz");
  expect(facts({ outcome: "elsewhere", cause: "picked-up", to: carla })).toBe("picked up by Carla Diaz");
  expect(facts({ outcome: "elsewhere", cause: "answered-elsewhere", to: carla })).toBe("answered by Carla Diaz");
  expect(facts({ outcome: "forwarded", to: carla })).toBe("diverted to Carla Diaz");
  expect(facts({ outcome: "answered", answered: 5, to: carla })).toBe("transferred to Carla Diaz");
});

test("an outcome has a sign of its own only where nothing else says it", () => {
  expect(outcomeChip(record("a", { outcome: "answered" }))).toBeNull();
  expect(outcomeChip(record("a", {}))).toEqual({ words: "Missed", tone: "danger" });
  expect(outcomeChip(record("a", { direction: "out" }))).toEqual({ words: "No answer", tone: "plain" });
  expect(outcomeChip(record("a", { outcome: "elsewhere", to: carla }))).toBeNull();
  expect(outcomeChip(record("a", { outcome: "elsewhere" }))).toEqual({ words: "Answered elsewhere", tone: "plain" });
});

test("a plain call is told from the first ring to the end", () => {
  const events = [step(0, "setup-to"), step(0, "alert-from"), step(8, "conn-from"), step(90, "rel-to", ben, 16)];
  expect(said({ events }, "Desk phone")).toEqual([
    "Ben Cole called you",
    "It rang at your devices",
    "You answered on Desk phone",
    "Ben Cole hung up",
  ]);
});

test("a call put through is told until those two have ended theirs", () => {
  const events = [step(0, "setup-to"), step(0, "alert-from"), step(5, "conn-from"), step(60, "rel-from", ben, 26)];
  const further = [step(0, "setup-to"), step(60, "transfer-from", carla), step(66, "conn-to", carla), step(99, "rel-to", carla, 16)];
  const parts = [
    { direction: "transferred" as const, to: carla, begun: 60, answered: 66, ended: 99, cause: "normal", events: further },
  ];
  expect(said({ events, parts })).toEqual([
    "Ben Cole called you",
    "It rang at your devices",
    "You answered",
    "You put the call through to Carla Diaz",
    "Carla Diaz answered",
    "Their call ended",
  ]);
});

test("a call that nobody took here and that went on says so", () => {
  const events = [step(0, "setup-to"), step(0, "alert-from"), step(20, "rel-to", ben, 19)];
  const further = [step(0, "setup-to"), step(20, "cf-from", carla), step(25, "conn-to", carla), step(60, "rel-to", carla, 16)];
  const parts = [
    { direction: "diverted" as const, to: carla, begun: 20, answered: 25, ended: 60, cause: "normal", events: further },
  ];
  expect(said({ events, parts })).toEqual([
    "Ben Cole called you",
    "It rang at your devices",
    "It stopped ringing here",
    "The call went on to Carla Diaz",
    "Carla Diaz answered",
    "Their call ended",
  ]);
});

test("why nobody answered is said in words, and unknown steps are left out", () => {
  const out = record("a", { direction: "out", outcome: "busy" });
  expect(said({ record: out, events: [step(0, "setup-from"), step(1, "teleported"), step(2, "rel-to", ben, 17)] })).toEqual([
    "You called Ben Cole",
    "Ended: the line was busy",
  ]);
  expect(said({ events: [step(0, "setup-to"), step(9, "rel-to", ben, 16)] }).at(-1)).toBe(
    "Ben Cole hung up before anyone answered",
  );
  const quiet = record("a", { cause: "do-not-disturb" });
  expect(said({ record: quiet, events: [step(0, "setup-to"), step(0, "rel-to", ben, 17)] }).at(-1)).toBe(
    "It did not ring: you did not want to be disturbed",
  );
});

test("the story of a call names who brought it about", () => {
  const answered = { outcome: "answered", begun: 0, answered: 8, ended: 73, seconds: 65, name: "Ben Cole" } as const;
  expect(story(record("a", { ...answered, via: { how: "transferred", by: carla } }), "Ben Cole", "this browser")).toBe(
    "Carla Diaz put Ben Cole through to you. You answered after 8 s on this browser. You talked for 1 min 05 s.",
  );
  expect(story(record("a", { ...answered, via: { how: "diverted", by: carla } }), "Ben Cole", "")).toBe(
    "Ben Cole called Carla Diaz, and the call was diverted to you. You answered after 8 s. You talked for 1 min 05 s.",
  );
  expect(story(record("a", { ...answered, direction: "out", via: { how: "diverted", by: carla } }), "Ben Cole", "")).toBe(
    "You called Carla Diaz, and the call was diverted to Ben Cole. Ben Cole answered after 8 s. You talked for 1 min 05 s.",
  );
  expect(story(record("a", { ...answered, direction: "out", via: { how: "group", by: { ...carla, name: "Service" } } }), "Ben Cole", "")).toBe(
    "You called Service, and Ben Cole was rung. Ben Cole answered after 8 s. You talked for 1 min 05 s.",
  );
  expect(story(record("a", { ...answered, direction: "out", to: carla }), "Ben Cole", "")).toBe(
    "You called Ben Cole. Ben Cole answered after 8 s. You talked for 1 min 05 s. Then you put the call through to Carla Diaz.",
  );
  expect(story(record("a", { ended: 12 }), "Ben Cole", "")).toBe("Missed call from Ben Cole. It rang for 12 s.");
  expect(story(record("a", { direction: "diverted", outcome: "forwarded", answered: 5, ended: 9, to: carla }), "Ben Cole", "")).toBe(
    "Ben Cole called, and the call went on to Carla Diaz.",
  );
  expect(story(record("a", { outcome: "elsewhere", cause: "picked-up", ended: 5, to: carla }), "Ben Cole", "")).toBe(
    "Ben Cole called, and Carla Diaz picked up the call. It rang for 5 s.",
  );
  const failed = { direction: "out", outcome: "failed", sentence: "There is nobody at this number." } as const;
  expect(story(record("a", failed), "999", "")).toBe("Your call to 999 failed. There is nobody at this number.");
});
