/**
 * What the user does with calls: dial, answer, hold, hand on, park, fetch, end.
 *
 * Only one call of the user talks at a time: taking up a second holds the first, and a wish that comes to nothing
 * lets it go on. What returns a promise rejects with a refusal for whoever asked; everything else says its own.
 */
import type { Live } from "../mirror/live.svelte";
import { NoMicrophone } from "../phone/microphone";
import type { Phone, Ready } from "../phone/phone";
import { Refused, sentenceOf } from "../wire/refused";
import type { Ask, Call, Commands, Device, Leg, Me, Parked, Waiting } from "../wire/types";
import { isThere } from "./devicewords";
import { permission, permissionKnown } from "./permission.svelte";
import { deviceName, nameOf, type Sight } from "./sight";
import { createTidings, type Farewell } from "./tidings.svelte";
import { say, sayTrouble } from "./toasts.svelte";
import type { Sheet } from "./desk.svelte";

export interface Surroundings {
  readonly ask: Ask;
  readonly phone: Phone;
  readonly things: Live;
  me(): Me;
  /** The name of a user, if it is known here. */
  known(user: string): string | undefined;
  tab(): string;
  devices(): readonly Device[];
  chosen(): Device | undefined;
  sights(): readonly Sight[];
  now(): number;
  openSheet(sheet: Sheet): void;
}

/** Where at a place a call waits: a digit, or "" for the first that is free. */
export type Slot = NonNullable<Commands["call.park"]["take"]["slot"]>;

export type Calling = ReturnType<typeof createCalling>;

export function createCalling(around: Surroundings) {
  const { ask, phone } = around;
  const tidings = createTidings({
    me: () => around.me().id,
    known: (user) => around.known(user),
    devices: () => around.devices(),
    sights: () => around.sights(),
    carries: (leg) => phone.carries(leg),
    now: () => around.now(),
    after: (milliseconds, then) => void setTimeout(then, milliseconds),
  });
  let dialling = $state(false);
  let lastDialled = $state("");
  let answerSheet: ((allowed: boolean) => void) | null = null;

  function browserDevice(): Device | undefined {
    return around.devices().find((device) => device.kind === "browser");
  }

  /** The user's leg on this browser that rings, if one does. */
  function ringingHere(sight: Sight): Leg | undefined {
    const here = browserDevice()?.id;
    return sight.ringing.find((leg) => leg.party.device === here);
  }

  /** The user's phones that ring and can be told to answer. */
  function ringingPhones(sight: Sight): readonly Device[] {
    const told = sight.ringing.filter((leg) => leg.takes_orders).map((leg) => leg.party.device);
    return around.devices().filter((device) => device.kind === "phone" && told.includes(device.id));
  }

  /** Where a call can go on: the user's other devices that are there. */
  function elsewhere(sight: Sight): readonly Device[] {
    const here = sight.mine?.party.device;
    return around.devices().filter((device) => device.id !== here && (device.kind === "browser" || isThere(device)));
  }

  /** Does this call's sound come from a browser of the user, and from which tab? */
  function soundOf(sight: Sight): "here" | "another-tab" | "phone" | "nowhere" {
    const leg = sight.mine;
    if (!leg || leg.state === "gone") return "nowhere";
    if (leg.party.device !== browserDevice()?.id) return "phone";
    const attached = around.things.get("attachment", leg.id);
    if (!attached) return "nowhere";
    return attached.tab === around.tab() ? "here" : "another-tab";
  }

  // ---- the microphone

  /** Ask for the microphone, explaining first; false when there is none to be had. */
  async function microphoneReady(): Promise<boolean> {
    await permissionKnown;
    if (permission.state === "granted" || permission.state === "busy") return true;
    answerSheet?.(false);
    const answer = new Promise<boolean>((resolve) => {
      answerSheet = resolve;
    });
    around.openSheet("microphone");
    return answer;
  }

  function microphoneAnswered(allowed: boolean): void {
    answerSheet?.(allowed);
    answerSheet = null;
  }

  async function prepare(): Promise<Ready | null> {
    if (!(await microphoneReady())) return null;
    try {
      return await phone.prepare();
    } catch (error) {
      if (!(error instanceof NoMicrophone)) throw error;
      permission.state = error.trouble;
      if (error.trouble === "busy")
        sayTrouble("Another program keeps the microphone. Close it there, then call again.");
      else around.openSheet("microphone");
      return null;
    }
  }

  // ---- one at a time

  /** Hold what talks and do it; if it comes to nothing, go on as before. The server takes our wishes in their order. */
  async function alone<T>(but: string, wish: () => Promise<T>): Promise<T> {
    const held = around.sights().filter((sight) => sight.phase === "talking" && sight.call.id !== but);
    const all = (holding: boolean): void => {
      // A call that ended meanwhile is as quiet as one on hold.
      for (const { call } of held) ask("call.hold", { call: call.id, holding }).catch(() => undefined);
    };
    all(true);
    try {
      return await wish();
    } catch (error) {
      all(false);
      throw error;
    }
  }

  /** Let a device of mine ring for a call, and carry the sound here where that is this browser. */
  async function engage(device: Device | undefined, but: string, wish: (device: string) => Promise<{ leg: string }>): Promise<void> {
    if (!device) throw new Refused("no-device", "You have no phone yet. Ask your administrator for one.");
    if (device.kind !== "browser" && !isThere(device))
      throw new Refused("not-connected", `${deviceName(device)} is ${device.mobile ? "switched off" : "not connected"}.`);
    let ready = device.kind === "browser" ? await prepare() : null;
    if (device.kind === "browser" && !ready) return;
    try {
      const { leg } = await alone(but, () => wish(device.id));
      if (!ready) return;
      const offer = ready;
      ready = null;
      await phone.attach(leg, offer);
    } finally {
      if (ready) phone.discard(ready);
    }
  }

  function tried(wish: Promise<unknown>): void {
    wish.catch((error: unknown) => {
      // A call that ended meanwhile needs no wish any more.
      if (error instanceof Refused && (error.word === "unknown-call" || error.word === "over")) return;
      sayTrouble(sentenceOf(error));
    });
  }

  // ---- begin

  async function dial(to: string, device = around.chosen()): Promise<void> {
    if (dialling || !to) return;
    dialling = true;
    lastDialled = to;
    try {
      await engage(device, "", (id) => ask("call.dial", { to, device: id }));
    } catch (error) {
      const here = error instanceof Refused && error.word === "not-connected" ? browserDevice() : undefined;
      const instead = here && { name: "Call from this browser", run: () => void dial(to, here) };
      sayTrouble(sentenceOf(error), instead ?? null);
    } finally {
      dialling = false;
    }
  }

  async function answer(sight: Sight): Promise<void> {
    const leg = ringingHere(sight);
    const [desk] = ringingPhones(sight);
    if (!leg) return desk && answerOn(sight, desk);
    const ready = await prepare();
    if (ready) await alone(sight.call.id, () => phone.attach(leg.id, ready));
  }

  async function answerOn(sight: Sight, device: Device): Promise<void> {
    const { id } = sight.call;
    tidings.brings(id, "unsaid");
    await alone(id, () => ask("call.answer", { call: id, device: device.id })).catch((error: unknown) => {
      tidings.keeps(id);
      throw error;
    });
  }

  /** Carry the sound of a call in this tab, be it in another one or lost. */
  async function takeHere(sight: Sight): Promise<void> {
    const ready = sight.mine && (await prepare());
    if (ready && sight.mine) await phone.attach(sight.mine.id, ready);
  }

  async function hold(sight: Sight, holding: boolean): Promise<void> {
    const wish = (): Promise<unknown> => ask("call.hold", { call: sight.call.id, holding });
    await (holding ? wish() : alone(sight.call.id, wish));
  }

  // ---- hand on

  /** Leave calls with these words; where that is refused, they go on. */
  async function leave<T>(sights: readonly Sight[], wish: Promise<T>, words: (given: T) => string): Promise<T> {
    for (const { call } of sights) tidings.brings(call.id, "said");
    try {
      const given = await wish;
      if (words(given)) tidings.say(words(given));
      return given;
    } catch (error) {
      for (const { call } of sights) tidings.keeps(call.id);
      throw error;
    }
  }

  async function transfer(sight: Sight, to: string, name: string): Promise<void> {
    const words = `${nameOf(sight.other)} is transferred to ${name}.`;
    await leave([sight], ask("call.transfer", { call: sight.call.id, to }), () => words);
    say(words);
  }

  /** Ask first: this call waits, and `to` is called on the same device. */
  async function consult(sight: Sight, to: string): Promise<void> {
    const device = around.devices().find((each) => each.id === sight.mine?.party.device) ?? around.chosen();
    lastDialled = to;
    await engage(device, "", (id) => ask("call.dial", { to, device: id }));
  }

  async function connect(sight: Sight, other: Sight): Promise<void> {
    const words = `${nameOf(sight.other)} and ${nameOf(other.other)} are connected.`;
    await leave([sight, other], ask("call.connect", { call: sight.call.id, other: other.call.id }), () => words);
    say(words);
  }

  async function join(sight: Sight, other: Sight): Promise<void> {
    // The call that does not wait takes the other one in.
    const gone = other.phase === "held" && sight.phase !== "held" ? other : sight;
    await leave([gone], ask("call.join", { call: sight.call.id, other: other.call.id }), () => "");
  }

  async function park(sight: Sight, number: string, slot: Slot, whose: string): Promise<void> {
    const { id } = sight.call;
    const words = (at: { slot: string }): string => `${nameOf(sight.other)} is parked at ${whose} place, number ${at.slot}.`;
    const at = await leave([sight], ask("call.park", { call: id, number, slot }), words);
    say(words(at), { name: "Take back", run: () => tried(takeUp("call.retrieve", id)) }); // prettier-ignore
  }

  async function redirect(sight: Sight, to: string, name: string): Promise<void> {
    const words = `${nameOf(sight.other)} is redirected to ${name}.`;
    await leave([sight], ask("call.redirect", { call: sight.call.id, to }), () => words);
    say(words);
  }

  // ---- take up

  function takeUp(word: "call.retrieve" | "call.pickup", call: string): Promise<void> {
    return engage(around.chosen(), call, (device) => ask(word, { call, device }));
  }

  /** Go on at another device of mine. */
  function move(sight: Sight, device: Device): Promise<void> {
    return engage(device, sight.call.id, (id) => ask("call.move", { call: sight.call.id, device: id }));
  }

  /** The call after the one that talks, in the order they began; a single one is taken back from hold. */
  function next(): void {
    const own = around
      .sights()
      .filter(({ phase }) => phase === "talking" || phase === "held")
      .toSorted((a, b) => a.call.begun - b.call.begun);
    const at = own.findIndex(({ phase }) => phase === "talking");
    const after = own[(at + 1) % own.length];
    if (after?.phase === "held") tried(hold(after, false));
  }

  return {
    get farewells() {
      return tidings.farewells;
    },
    get spoken() {
      return tidings.spoken;
    },
    get dialling() {
      return dialling;
    },
    get lastDialled() {
      return lastDialled;
    },
    /** Say it to those who do not look. */
    tell: tidings.say,
    heldSince: tidings.heldSince,
    ringingHere,
    ringingPhones,
    elsewhere,
    soundOf,
    microphoneReady,
    microphoneAnswered,
    dial: (to: string, device?: Device) => void dial(to, device),
    answer: (sight: Sight) => {
      tried(answer(sight));
    },
    answerOn: (sight: Sight, device: Device) => {
      tried(answerOn(sight, device));
    },
    takeHere: (sight: Sight) => {
      tried(takeHere(sight));
    },
    decline(sight: Sight) {
      tidings.brings(sight.call.id, "unsaid");
      tried(ask("call.decline", { call: sight.call.id }));
    },
    hangUp(sight: Sight) {
      tidings.brings(sight.call.id, "unsaid");
      tried(ask("call.hangup", { call: sight.call.id }));
    },
    hold: (sight: Sight, holding: boolean) => {
      tried(hold(sight, holding));
    },
    next,
    mute(sight: Sight, muted: boolean) {
      if (sight.mine) phone.quiet(sight.mine.id, muted);
      tried(ask("call.mute", { call: sight.call.id, muted }));
    },
    digits(sight: Sight, keys: string) {
      if (sight.mine && phone.digits(sight.mine.id, keys)) return;
      tried(ask("call.digits", { call: sight.call.id, keys }));
    },
    transfer,
    consult,
    redirect,
    park,
    move,
    connect,
    join,
    connectBoth: (sight: Sight, other: Sight) => {
      tried(connect(sight, other));
    },
    conference: (sight: Sight, other: Sight) => {
      tried(join(sight, other));
    },
    moveTo: (sight: Sight, device: Device) => {
      tried(move(sight, device));
    },
    /** In a conference: this one waits on hold, the others go on. */
    part(sight: Sight, leg: Leg) {
      const words = `${nameOf(leg.party)} is on hold.`;
      tried(ask("call.part", { call: sight.call.id, leg: leg.id }).then(() => { tidings.say(words); })); // prettier-ignore
    },
    retrieve: (parked: Parked) => {
      tried(takeUp("call.retrieve", parked.id));
    },
    pickUp: (waiting: Waiting) => {
      tried(takeUp("call.pickup", waiting.id));
    },
    followed: (old: Call | undefined, now: Call | undefined) => {
      tidings.followed(old, now);
    },
    /** Read and done with; whoever still hears the busy tone of it hears no more. */
    dismiss(farewell: Farewell) {
      const { call } = farewell.sight;
      tidings.dismiss(call.id);
      if (call.state === "closing") void ask("call.hangup", { call: call.id }).catch(() => undefined); // over by itself
    },
  };
}
