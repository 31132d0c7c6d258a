import { expect, test } from "vitest";
import { figures, grade } from "../src/features/quality";
import { isMine, nameOf, see, title, viaIcon, viaWords } from "../src/features/sight";
import { readTarget } from "../src/features/target";
import { optionsFor, type Aim, type Known, type Option } from "../src/features/targets";
import { createTidings, type Tidings } from "../src/features/tidings.svelte";
import type { Call, Leg, Party, User } from "../src/wire/types";
import { fakeTime, type FakeTime } from "./time";

const anna: Party = { number: "101", name: "Anna Berg", user: "u1", device: "u1.browser" };
const ben: Party = { number: "102", name: "Ben Cole", user: "u2", device: "" };
const carla: Party = { number: "103", name: "Carla Diaz", user: "u3", device: "" };

function leg(id: string, party: Party, more: Partial<Leg> = {}): Leg {
  return {
    id, party, caller: false, state: "talking", holding: false, muted: false, lost: false,
    since: 1, takes_orders: false, via: null, cause: null, sentence: null, ...more,
  }; // prettier-ignore
}

function call(id: string, legs: readonly Leg[], more: Partial<Call> = {}): Call {
  return { id, state: "talking", begun: 0, answered: 1, cause: null, sentence: null, called: ben, parked: null, legs, ...more };
}

const sightOf = (one: Call) => see(one, "u1");

test("a call keeps its key while I keep my leg", () => {
  const mine = leg("mine", anna, { caller: true });
  expect(sightOf(call("c1", [mine, leg("a", ben)])).key).toBe(sightOf(call("c2", [leg("b", carla), mine])).key);
});

test("a phone of mine that rings because I want the call there is no incoming call", () => {
  const via = { how: "retrieved", by: { ...anna, name: "" } } as const;
  const fetched = leg("mine", anna, { state: "ringing", via });
  const sight = sightOf(call("c", [leg("a", ben, { caller: true }), fetched], { state: "parked", answered: null }));
  expect([sight.phase, sight.other.name, sight.ringing.length]).toEqual(["preparing", "Ben Cole", 0]);
  const moving = sightOf(call("c", [leg("mine", anna), leg("a", ben), leg("new", anna, { state: "ringing", via: { ...via, how: "moved" } })]));
  expect([moving.phase, moving.mine?.id, moving.fetching?.id]).toEqual(["talking", "mine", "new"]);
});

test("who was transferred sees the new one ring, not the one who left", () => {
  const legs = [leg("a", ben, { caller: true, state: "gone" }), leg("mine", anna), leg("b", carla, { state: "ringing" })];
  const sight = sightOf(call("c", legs, { state: "ringing", called: carla }));
  expect([sight.phase, sight.other.name]).toEqual(["ringing", "Carla Diaz"]);
});

test("what comes back to me is an incoming call from who waits", () => {
  const via = { how: "recalled", by: carla } as const;
  const legs = [leg("old", anna, { caller: true, state: "gone" }), leg("a", ben), leg("mine", anna, { state: "ringing", via })];
  const sight = sightOf(call("c", legs, { state: "ringing" }));
  expect([sight.phase, sight.other.name, viaWords(sight)]).toEqual(["incoming", "Ben Cole", "comes back from Carla Diaz"]);
});

test("who calls a group or was diverted is said so, and who hides is not made up", () => {
  const stranger: Party = { number: "+4930555", name: "", user: "", device: "trunk:Fibre", outside: true, shown: "+49 30 555" };
  const rings = (how: "group" | "diverted", by: Party): string => {
    const mine = leg("mine", anna, { state: "ringing", via: { how, by } });
    const sight = sightOf(call("c", [leg("a", stranger, { caller: true }), mine], { state: "ringing", answered: null }));
    return `${title(sight)} ${viaWords(sight)}`;
  };
  expect(rings("group", { number: "200", name: "Service", user: "", device: "" })).toBe("+49 30 555 for Service");
  expect(rings("diverted", ben)).toBe("+49 30 555 diverted by Ben Cole");
  expect(nameOf({ number: "", name: "", outside: true })).toBe("Anonymous caller");
});

test("a group that I call rings for itself", () => {
  const service: Party = { number: "200", name: "Service", user: "", device: "" };
  const rings = leg("a", ben, { state: "ringing", via: { how: "group", by: service } });
  const mine = leg("mine", anna, { caller: true });
  const ringing = sightOf(call("c", [mine, rings], { state: "ringing", answered: null, called: service }));
  expect([title(ringing), viaWords(ringing), viaIcon(ringing)]).toEqual(["Service", "", "phone-forward"]);
  const taken = sightOf(call("c", [mine, { ...rings, state: "talking" }], { called: service }));
  expect([title(taken), viaWords(taken), viaIcon(taken)]).toEqual(["Ben Cole", "for Service", "people"]);
});

test("three are called by their first names", () => {
  const sight = sightOf(call("c", [leg("mine", anna), leg("a", ben), leg("b", carla)]));
  expect(title(sight)).toBe("Ben and Carla");
});

test("quality is a word and bars, with the figures behind", () => {
  const quality = { id: "l", loss: 0.001, far_loss: 0.06, jitter: 4.2, round_trip: 38, mos: 4.3, words: "" };
  expect([4.3, 3.7, 3.2, 2].map((mos) => grade({ ...quality, mos }))).toEqual([
    { bars: 4, word: "Good" },
    { bars: 3, word: "Fair" },
    { bars: 2, word: "Weak" },
    { bars: 1, word: "Poor" },
  ]);
  expect(figures(quality)).toBe("Loss 0.1 % here, 6.0 % there, jitter 4 ms, round trip 38 ms");
  expect(figures({ ...quality, loss: 0, round_trip: null })).toBe("Loss 0 % here, 6.0 % there, jitter 4 ms");
});

// ---- whom the sheet offers

const users: readonly User[] = [anna, ben, carla].map(({ user, name, number }) => ({ id: user, name, number, username: name }));

function offered(aim: Aim, text: string, more: Partial<Known> = {}): readonly string[] {
  const talking = sightOf(call("c", [leg("mine", anna), leg("a", ben)]));
  const known = { me: users[0] as User, target: readTarget(text), hits: text ? users : [], calls: [], devices: [], ...more };
  const words = (option: Option): string => {
    switch (option.kind) {
      case "person":
        return option.user.name;
      case "number":
        return option.to;
      case "place":
        return `${option.user?.name ?? "mine"} ${option.slot}`.trim();
      case "call":
        return `call ${title(option.sight)}`;
      case "device":
        return option.device.name;
    }
  };
  return optionsFor(aim, talking, known).map(words);
}

test("neither I nor the one I talk with is offered for a transfer", () => {
  expect(offered("transfer", "a")).toEqual(["Carla Diaz"]);
});

test("a number can be dialled as it is, unless it is somebody's", () => {
  expect(offered("transfer", "555")).toEqual(["555", "Carla Diaz"]);
  expect(offered("transfer", "103")).toEqual(["Carla Diaz"]);
});

test("with nothing typed the other calls and devices are offered", () => {
  const other = sightOf(call("d", [leg("mine2", anna, { holding: true }), leg("b", carla)]));
  const phone = { id: "u1.phone", user: "u1", name: "Desk phone", kind: "phone", reachable: true, contacts: 1 } as const;
  expect(offered("transfer", "", { calls: [other], devices: [phone] })).toEqual(["call Carla Diaz", "Desk phone"]);
  expect(offered("redirect", "", { calls: [other], devices: [phone] })).toEqual([]);
});

test("parking offers my own place first, and a digit is a number of it", () => {
  expect(offered("park", "")).toEqual(["mine"]);
  expect(offered("park", "7")).toEqual(["mine 7", "Carla Diaz"]);
  expect(offered("park", "ca")).toEqual(["Carla Diaz"]);
});

// ---- what is said

function tidings(calls: readonly Call[] = [], time: FakeTime = fakeTime()): Tidings {
  return createTidings({
    me: () => "u1",
    known: (user) => [anna, ben, carla].find((each) => each.user === user)?.name,
    devices: () => [],
    sights: () => calls.map(sightOf),
    carries: () => false,
    now: () => 11,
    after: time.after,
  });
}

const talking = call("c", [leg("mine", anna), leg("a", ben)]);

test("each change of state is said", () => {
  const it = tidings();
  const said = (old: Call, now: Call): string => {
    it.followed(old, now);
    return it.spoken.text;
  };
  const held = call("c", [leg("mine", anna, { holding: true }), leg("a", ben)]);
  expect(said(talking, held)).toBe("Ben Cole is on hold.");
  expect(it.heldSince("mine")).toBe(11);
  expect(said(held, talking)).toBe("Talking with Ben Cole again.");
  expect(it.heldSince("mine")).toBeNull();
  expect(said(talking, call("c", [leg("mine", anna), leg("a", ben), leg("b", carla)]))).toBe("Conference with Ben and Carla.");
  expect(said(talking, { ...talking, state: "ended", cause: "normal" })).toBe("Call with Ben Cole ended after 10 s.");
});

test("who is parked, or put on hold out of a conference, is told by whom", () => {
  const parked = { user: "u2", number: "102", slot: "3" };
  const alone = call("c", [leg("mine", anna)], { state: "parked", parked });
  const it = tidings();
  it.followed(talking, alone);
  expect(it.spoken.text).toBe("Ben Cole has parked you.");
  it.followed(talking, { ...alone, parked: { ...parked, slot: "" } });
  expect(it.spoken.text).toBe("Ben Cole has put you on hold.");
});

test("an end for a reason leaves a farewell for a while, one that was wished does not", async () => {
  const time = fakeTime();
  const it = tidings([], time);
  const ringing = call("c", [leg("mine", anna, { caller: true }), leg("a", ben, { state: "ringing" })], { state: "ringing", answered: null });
  const over = { ...ringing, state: "ended", cause: "do-not-disturb", sentence: "They do not want to be disturbed." } as const;
  it.followed(ringing, over);
  expect(it.farewells.map((each) => each.sentence)).toEqual(["Ben does not want to be disturbed."]);
  await time.pass(12_000);
  expect(it.farewells).toEqual([]);
  const wished = tidings();
  wished.brings("c", "unsaid");
  wished.followed(ringing, over);
  expect([wished.farewells.length, wished.spoken.text]).toEqual([0, "Call ended."]);
});

test("what moved into another call has not ended", async () => {
  const via = { how: "transferred", by: ben } as const;
  const time = fakeTime();
  const it = tidings([call("d", [leg("mine", anna), leg("b", carla, { via })])], time);
  it.followed(talking, undefined);
  await time.pass(300);
  expect(it.spoken.text).toBe("Talking with Carla Diaz, transferred by Ben Cole.");
});

// ---- what another takes that rang for me

const rang = call("c", [leg("a", ben, { caller: true }), leg("mine", anna, { state: "ringing" })], { state: "ringing", answered: null });

function taken(cause: string, taker: readonly Leg[] = [leg("b", { ...carla, name: "" })]): Call {
  return call("c", [leg("a", ben, { caller: true }), leg("mine", anna, { state: "gone", cause }), ...taker]);
}

test("who has taken a call that rang for me is said, and nothing else of it", async () => {
  const said = async (last: Call, wished = false): Promise<readonly string[]> => {
    const time = fakeTime();
    const it = tidings([], time);
    if (wished) it.brings("c", "unsaid");
    it.followed(rang, last);
    it.followed(last, undefined);
    await time.pass(300);
    return [...it.farewells.map(({ kind, sentence }) => `${kind}: ${sentence}`), it.spoken.text];
  };
  expect(await said(taken("picked-up"))).toEqual(["elsewhere: Carla took the call.", "Carla took the call."]);
  expect(await said(taken("answered-elsewhere"))).toEqual(["elsewhere: Carla answered the call.", "Carla answered the call."]);
  expect(await said(taken("answered-elsewhere", []))).toEqual(["elsewhere: Somebody else answered the call.", "Somebody else answered the call."]);
  expect(await said(taken("answered-elsewhere"), true)).toEqual([""]);
});

test("whoever wanted to fetch a call and was too late is told who was sooner", () => {
  const via = { how: "picked-up", by: ben } as const;
  const fetching = call("c", [leg("a", ben, { caller: true }), leg("mine", anna, { state: "ringing", via })], { state: "ringing", answered: null });
  const it = tidings();
  it.followed(fetching, taken("answered-elsewhere"));
  expect(it.spoken.text).toBe("Carla answered the call.");
});

test("a call that another has taken is none of mine, and one that ended still is", () => {
  expect([rang, taken("picked-up"), talking].map((one) => isMine(one, "u1"))).toEqual([true, false, true]);
  expect(isMine({ ...taken("picked-up"), state: "ended" }, "u1")).toBe(true);
});

test("a call that another had taken and that comes to me after all is a new one", () => {
  const it = tidings();
  it.followed(taken("picked-up"), rang);
  expect(it.spoken.text).toBe("");
});
