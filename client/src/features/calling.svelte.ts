/**
 * What the user does with calls: dial, answer, decline, hold, mute, keys, end; and what is left to say when one ended.
 *
 * Only one call of the user talks at a time: taking up a second holds the first.
 */
import type { Live } from "../mirror/live.svelte";
import { NoMicrophone, type Microphone } from "../phone/microphone";
import type { Phone, Ready } from "../phone/phone";
import { Refused, sentenceOf } from "../wire/refused";
import type { Ask, Call, Device, Leg, Me } from "../wire/types";
import { permission } from "./permission.svelte";
import { deviceName, firstName, nameOf, see, type Sight } from "./sight";
import { span } from "./time";
import { sayTrouble } from "./toasts.svelte";
import type { Sheet } from "./desk.svelte";

/** A call that ended in a way worth a word, or one that rang here and was taken elsewhere. */
export interface Farewell {
  readonly sight: Sight;
  readonly sentence: string;
  readonly kind: "failed" | "elsewhere";
}

export interface Surroundings {
  readonly ask: Ask;
  readonly phone: Phone;
  readonly microphone: Microphone;
  readonly things: Live;
  me(): Me;
  tab(): string;
  devices(): readonly Device[];
  chosen(): Device | undefined;
  sights(): readonly Sight[];
  now(): number;
  openSheet(sheet: Sheet): void;
}

export type Calling = ReturnType<typeof createCalling>;

export function createCalling(around: Surroundings) {
  const { ask, phone } = around;
  let farewells = $state.raw<readonly Farewell[]>([]);
  let spoken = $state.raw("");
  let dialling = $state(false);
  let lastDialled = $state("");
  const endedByMe = new Set<string>();
  let answerSheet: ((allowed: boolean) => void) | null = null;

  function browserDevice(): Device | undefined {
    return around.devices().find((device) => device.kind === "browser");
  }

  /** The user's leg on this browser that rings, if one does. */
  function ringingHere(sight: Sight): Leg | undefined {
    const here = browserDevice()?.id;
    return sight.ringing.find((leg) => leg.party.device === here);
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

  /** Ask for the microphone, explaining first; false when there is none to be had. */
  async function microphoneReady(): Promise<boolean> {
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

  async function holdOthers(except: string): Promise<void> {
    const talking = around.sights().filter((sight) => sight.phase === "talking" && sight.call.id !== except);
    await Promise.all(talking.map((sight) => ask("call.hold", { call: sight.call.id, holding: true })));
  }

  async function dial(to: string, device = around.chosen()): Promise<void> {
    if (dialling || !to) return;
    if (!device) return sayTrouble("You have no phone yet. Ask your administrator for one.");
    dialling = true;
    lastDialled = to;
    let ready: Ready | null = null;
    try {
      if (device.kind === "browser") {
        ready = await prepare();
        if (!ready) return;
      } else if (!device.reachable) {
        const here = browserDevice();
        sayTrouble(
          `${deviceName(device)} is not connected.`,
          here ? { name: "Call from this browser", run: () => void dial(to, here) } : null,
        );
        return;
      }
      await holdOthers("");
      const { leg } = await ask("call.dial", { to, device: device.id });
      if (ready) {
        const offer = ready;
        ready = null;
        await phone.attach(leg, offer);
      }
    } catch (error) {
      sayTrouble(sentenceOf(error));
    } finally {
      if (ready) phone.discard(ready);
      dialling = false;
    }
  }

  async function answer(sight: Sight): Promise<void> {
    const leg = ringingHere(sight);
    if (!leg) return;
    try {
      const ready = await prepare();
      if (!ready) return;
      await holdOthers(sight.call.id).catch(() => undefined);
      await phone.attach(leg.id, ready);
    } catch (error) {
      sayTrouble(sentenceOf(error));
    }
  }

  /** Carry the sound of a call in this tab, be it in another one or lost. */
  async function takeHere(sight: Sight): Promise<void> {
    const leg = sight.mine;
    if (!leg) return;
    try {
      const ready = await prepare();
      if (ready) await phone.attach(leg.id, ready);
    } catch (error) {
      sayTrouble(sentenceOf(error));
    }
  }

  function tried(wish: Promise<unknown>): void {
    wish.catch((error: unknown) => {
      // A call that ended meanwhile needs no wish any more.
      if (error instanceof Refused && (error.word === "unknown-call")) return;
      sayTrouble(sentenceOf(error));
    });
  }

  async function hold(sight: Sight, holding: boolean): Promise<void> {
    if (!holding) await holdOthers(sight.call.id);
    await ask("call.hold", { call: sight.call.id, holding });
  }

  /** The call changed: say what matters, keep what must be read. */
  function followed(old: Call | undefined, now: Call | undefined): void {
    const me = around.me().id;
    const before = old && see(old, me);
    const after = now && see(now, me);
    if (before?.phase === "incoming" && after?.phase !== "incoming") stoppedRinging(before, after);
    if (before && before.phase !== "over" && (!after || after.phase === "over")) ended(before, now ?? old);
    if (after && before && before.phase !== after.phase) {
      if (after.phase === "talking" && before.phase !== "held") spoken = `Talking with ${nameOf(after.other)}.`;
      if (after.phase === "held") spoken = `${nameOf(after.other)} is on hold.`;
    }
  }

  function stoppedRinging(before: Sight, after: Sight | undefined): void {
    if (endedByMe.has(before.call.id) || (after?.mine && phone.carries(after.mine.id))) return;
    const taken = after?.phase === "talking" || after?.phase === "held" ? after : undefined;
    const device = taken?.mine && around.devices().find((each) => each.id === taken.mine?.party.device);
    if (device && device.kind === "phone") return bid(before, `Answered on ${deviceName(device)}.`, "elsewhere");
    if (device) return bid(before, "Answered in another tab.", "elsewhere");
    const cause = after?.call.cause;
    if (cause === "answered-elsewhere") return bid(before, "Answered on another device.", "elsewhere");
    bid(before, `${nameOf(before.other)} hung up.`, "elsewhere");
  }

  function ended(before: Sight, last: Call | undefined): void {
    const cause = last?.cause ?? null;
    const talked = last?.answered ? around.now() - last.answered : 0;
    if (before.phase === "incoming") return;
    spoken = talked ? `Call with ${nameOf(before.other)} ended after ${span(talked)}.` : "Call ended.";
    if (endedByMe.delete(last?.id ?? "")) return;
    if (cause === null || cause === "normal" || (cause === "cancelled" && !talked)) return;
    const sentence = last?.sentence ?? "The call could not be made.";
    bid(before, words(cause, before) ?? sentence, "failed");
  }

  function bid(sight: Sight, sentence: string, kind: Farewell["kind"]): void {
    spoken = sentence;
    const farewell = { sight, sentence, kind };
    farewells = [...farewells.filter((each) => each.sight.call.id !== sight.call.id), farewell];
    setTimeout(() => {
      dismiss(sight.call.id, farewell);
    }, kind === "failed" ? 12_000 : 3500); // prettier-ignore
  }

  function dismiss(call: string, which?: Farewell): void {
    farewells = farewells.filter((each) => each.sight.call.id !== call || (which && each !== which));
  }

  return {
    get farewells() {
      return farewells;
    },
    /** The latest thing to say for those who do not look. */
    get spoken() {
      return spoken;
    },
    get dialling() {
      return dialling;
    },
    get lastDialled() {
      return lastDialled;
    },
    ringingHere,
    soundOf,
    microphoneReady,
    microphoneAnswered,
    dial: (to: string, device?: Device) => void dial(to, device),
    answer: (sight: Sight) => void answer(sight),
    takeHere: (sight: Sight) => void takeHere(sight),
    decline(sight: Sight) {
      endedByMe.add(sight.call.id);
      tried(ask("call.decline", { call: sight.call.id }));
    },
    hangUp(sight: Sight) {
      endedByMe.add(sight.call.id);
      tried(ask("call.hangup", { call: sight.call.id }));
    },
    hold: (sight: Sight, holding: boolean) => {
      tried(hold(sight, holding));
    },
    mute(sight: Sight, muted: boolean) {
      if (sight.mine) phone.quiet(sight.mine.id, muted);
      tried(ask("call.mute", { call: sight.call.id, muted }));
    },
    digits(sight: Sight, keys: string) {
      if (sight.mine && phone.digits(sight.mine.id, keys)) return;
      tried(ask("call.digits", { call: sight.call.id, keys }));
    },
    followed,
    /** Read and done with; whoever still hears the busy tone of it hears no more. */
    dismiss(farewell: Farewell) {
      const { call } = farewell.sight;
      dismiss(call.id);
      if (call.state === "closing") void ask("call.hangup", { call: call.id }).catch(() => undefined); // over by itself
    },
  };
}

/** What a cause means for this caller, when we know more than the server's general sentence. */
function words(cause: string, sight: Sight): string | null {
  const who = firstName(sight.other);
  if (!sight.other.name) return null;
  switch (cause) {
    case "busy":
      return `${who} is busy.`;
    case "no-answer":
      return `${who} did not answer.`;
    case "declined":
      return `${who} declined the call.`;
    case "unreachable":
      return `${who} has no phone connected at the moment.`;
    default:
      return null;
  }
}
