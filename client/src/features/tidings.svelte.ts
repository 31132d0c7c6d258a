/**
 * What calls leave to be said: the sentence after the end, and each change of state for those who do not look.
 *
 * What the user brought about is said in the words of that wish, and nothing is said of its consequences.
 */
import type { Call, Device } from "../wire/types";
import { deviceName, firstName, isMine, named, nameOf, see, title, viaWords, type Sight } from "./sight";
import { span } from "./time";

/** A call that ended in a way worth a word, or one that rang here and was taken elsewhere. */
export interface Farewell {
  readonly sight: Sight;
  readonly sentence: string;
  readonly kind: "failed" | "elsewhere";
}

export interface Surroundings {
  me(): string;
  known(user: string): string | undefined;
  devices(): readonly Device[];
  sights(): readonly Sight[];
  carries(leg: string): boolean;
  now(): number;
  after(milliseconds: number, then: () => void): void;
}

export type Tidings = ReturnType<typeof createTidings>;

/** Ways for a call to end, or to go on without us, that surprise nobody. */
const QUIET: readonly (string | null)[] = [
  null, "normal", "cancelled", "transferred", "moved", "picked-up", "answered-elsewhere", "over",
]; // prettier-ignore

/** A leg that changes calls leaves one a moment before it is in the other. */
const BETWEEN = 300;

export function createTidings(around: Surroundings) {
  let farewells = $state.raw<readonly Farewell[]>([]);
  let spoken = $state.raw({ text: "", n: 0 });
  const brought = new Map<string, "said" | "unsaid">();
  const heldSince = new Map<string, number>();

  function say(text: string): void {
    spoken = { text, n: spoken.n + 1 };
  }

  function followed(old: Call | undefined, now: Call | undefined): void {
    const [before, after] = [mine(old), mine(now)];
    if (now && !after) return takenByAnother(before, now);
    if (after?.mine && before) noteHold(after.mine.id, after.phase === "held");
    if (before?.phase === "incoming" && after?.phase !== "incoming") stoppedRinging(before, after);
    else if (before && before.phase !== "over" && (!after || after.phase === "over")) {
      // Whoever is transferred comes up in another call: that is no end.
      if (now) ended(before, now);
      else around.after(BETWEEN, () => { goneOrElsewhere(before); }); // prettier-ignore
    }
    if (after && before) changed(before, after);
  }

  function mine(call: Call | undefined): Sight | undefined {
    return call && isMine(call, around.me()) ? see(call, around.me(), around.known) : undefined;
  }

  function changed(before: Sight, after: Sight): void {
    const who = title(after);
    if (after.call.parked && before.call.parked) return;
    if (after.call.parked) say(parkedWords(after));
    else if (after.phase === "ringing" && before.phase !== "ringing" && before.mine?.since) say(`Transferred to ${who}, who is called.`);
    else if (after.phase === "held" && before.phase !== "held") say(`${who} is on hold.`);
    else if (after.others.length > 1 && before.others.length < 2) say(`Conference with ${who}.`);
    else if (after.phase === "talking" && before.phase === "held") say(`Talking with ${who} again.`);
    else if (after.phase === "talking" && (before.phase !== "talking" || before.others.length > after.others.length))
      say(`Talking with ${who}.`);
    else if (after.phase === "talking" && after.mine?.party.device !== before.mine?.party.device)
      say(`The call goes on at ${deviceName(around.devices().find((each) => each.id === after.mine?.party.device))}.`);
    else if (after.phase === "talking" && after.other.number !== before.other.number)
      say(`Talking with ${who}, ${viaWords(after)}.`);
  }

  function goneOrElsewhere(before: Sight): void {
    const goesOn = around.sights().find((sight) => sight.mine && sight.mine.id === before.mine?.id);
    if (!goesOn) return ended(before, undefined);
    if (goesOn.call.parked) say(parkedWords(goesOn));
    else say([`Talking with ${title(goesOn)}`, viaWords(goesOn)].filter(Boolean).join(", ") + ".");
  }

  function noteHold(leg: string, held: boolean): void {
    if (!held) heldSince.delete(leg);
    else if (!heldSince.has(leg)) heldSince.set(leg, around.now());
  }

  function stoppedRinging(before: Sight, after: Sight | undefined): void {
    if (brought.delete(before.call.id) || (after?.mine && around.carries(after.mine.id))) return;
    const name = nameOf(before.other);
    const taken = after?.phase === "talking" || after?.phase === "held" ? after : undefined;
    const device = taken?.mine && around.devices().find((each) => each.id === taken.mine?.party.device);
    if (device && device.kind !== "browser") return bid(before, `Answered on ${deviceName(device)}.`, "elsewhere");
    if (device) return bid(before, "Answered in another tab.", "elsewhere");
    if (after?.call.cause === "answered-elsewhere") return bid(before, "Answered on another device.", "elsewhere");
    if (after?.phase === "over") return bid(before, `${name} hung up.`, "elsewhere");
    bid(before, `${name} went on to somebody else.`, "elsewhere");
  }

  /** It rang for me, and this is the last I see of it: who talks now and did not before has taken it. */
  function takenByAnother(before: Sight | undefined, last: Call): void {
    if (!before || brought.delete(before.call.id)) return;
    const talked = before.call.legs.filter(({ state }) => state === "talking").map(({ id }) => id);
    const taker = last.legs.find(({ id, state }) => state === "talking" && !talked.includes(id));
    const who = taker ? firstName(named(taker.party, around.known)) : "Somebody else";
    const picked = last.legs.some(({ party, cause }) => party.user === around.me() && cause === "picked-up");
    bid(before, `${who} ${picked ? "took" : "answered"} the call.`, "elsewhere");
  }

  function ended(before: Sight, last: Call | undefined): void {
    const cause = last?.cause ?? null;
    const since = before.mine?.since;
    const talked = last?.answered && since ? around.now() - since : 0;
    if (before.mine) heldSince.delete(before.mine.id);
    const wanted = brought.get(before.call.id);
    brought.delete(before.call.id);
    if (wanted === "said") return;
    say(talked ? `Call with ${title(before)} ended after ${span(talked)}.` : "Call ended.");
    if (wanted || QUIET.includes(cause)) return;
    bid(before, causeWords(cause ?? "", before) ?? last?.sentence ?? "The call could not be made.", "failed");
  }

  function bid(sight: Sight, sentence: string, kind: Farewell["kind"]): void {
    say(sentence);
    const farewell = { sight, sentence, kind };
    farewells = [...farewells.filter((each) => each.sight.call.id !== sight.call.id), farewell];
    around.after(kind === "failed" ? 12_000 : 3500, () => {
      dismiss(sight.call.id, farewell);
    });
  }

  function dismiss(call: string, which?: Farewell): void {
    farewells = farewells.filter((each) => each.sight.call.id !== call || (which && each !== which));
  }

  return {
    get farewells() {
      return farewells;
    },
    /** The latest thing to say; `n` tells two equal sentences apart. */
    get spoken() {
      return spoken;
    },
    say,
    followed,
    dismiss,
    /** The user is about to leave this call: its end is no news, and if it has been `said`, not worth a word. */
    brings(call: string, said: "said" | "unsaid") {
      brought.set(call, said);
    },
    /** It came to nothing. */
    keeps(call: string) {
      brought.delete(call);
    },
    /** Since when a leg of mine holds its call, if this page was there. */
    heldSince: (leg: string): number | null => heldSince.get(leg) ?? null,
  };
}

function parkedWords(sight: Sight): string {
  return sight.call.parked?.slot ? `${title(sight)} has parked you.` : `${title(sight)} has put you on hold.`;
}

/** What a cause means for this caller, when we know more than the server's general sentence. */
function causeWords(cause: string, sight: Sight): string | null {
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
    case "do-not-disturb":
      return `${who} does not want to be disturbed.`;
    default:
      return null;
  }
}
