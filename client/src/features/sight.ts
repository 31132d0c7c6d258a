/** A call as one of its people sees it: who the others are, what my part is, and which words say so. */
import type { Call, Device, Leg, Party, Via } from "../wire/types";

export type Phase = "incoming" | "preparing" | "ringing" | "talking" | "held" | "over";

export interface Sight {
  readonly call: Call;
  /** What stays the same while I stay: calls change when they are transferred or joined, my leg does not. */
  readonly key: string;
  readonly phase: Phase;
  readonly other: Party;
  /** The leg I talk, or shall talk, on. */
  readonly mine: Leg | null;
  /** My legs that ring and that I did not ask for. */
  readonly ringing: readonly Leg[];
  /** My leg that rings because I want to take up or move the call with it. */
  readonly fetching: Leg | null;
  /** The other side's legs still in the call. */
  readonly theirs: readonly Leg[];
  /** Those of them I talk with; more than one is a conference. */
  readonly others: readonly Leg[];
  readonly outgoing: boolean;
  readonly otherHolds: boolean;
  readonly otherLost: boolean;
}

const WANTED: readonly string[] = ["picked-up", "retrieved", "moved"];

/** `known` gives the name of a user of whom the call says only the number. */
export function see(call: Call, me: string, known: (user: string) => string | undefined = () => undefined): Sight {
  const alive = call.legs.filter((leg) => leg.state !== "gone");
  const own = alive.filter((leg) => leg.party.user === me);
  const called = own.filter((leg) => !leg.caller && leg.state === "ringing");
  const fetching = called.find((leg) => leg.via && WANTED.includes(leg.via.how)) ?? null;
  const ringing = called.filter((leg) => leg !== fetching);
  const mine =
    own.find((leg) => leg.state === "talking" && (call.answered === null || !leg.caller)) ??
    own.find((leg) => leg.state === "talking") ??
    own.find((leg) => leg.caller) ??
    fetching;
  const theirs = alive.filter((leg) => leg !== mine && leg !== fetching && !ringing.includes(leg));
  const others = theirs.filter((leg) => leg.state === "talking");
  const phase = phaseOf(call, mine, ringing);
  return {
    call,
    key: mine?.id ?? call.id,
    phase,
    other: named(otherParty(call, mine, theirs, me), known),
    mine,
    ringing,
    fetching,
    theirs,
    others,
    outgoing: call.legs.some((leg) => leg.caller && leg.party.user === me),
    otherHolds: others.length === 1 && others.some((leg) => leg.holding),
    otherLost: others.length === 1 && others.some((leg) => leg.lost),
  };
}

/** Whether I take part in it, or did until it ended. For whom it rang until another answered sees it a last time. */
export function isMine(call: Call, me: string): boolean {
  return isOver(call) || call.legs.some(({ party, state }) => party.user === me && state !== "gone");
}

function isOver({ state }: Call): boolean {
  return state === "closing" || state === "ended";
}

function otherParty(call: Call, mine: Leg | null, theirs: readonly Leg[], me: string): Party {
  const talking = theirs.find((leg) => leg.state === "talking");
  if (talking) return talking.party;
  if (call.parked) return { ...call.parked, name: "", device: "" };
  if (!mine) {
    const caller = theirs.find((leg) => leg.caller) ?? call.legs.find((leg) => leg.caller && leg.party.user !== me);
    return caller?.party ?? call.called;
  }
  const caller = mine.caller ? undefined : theirs.find((leg) => leg.caller);
  return caller?.party ?? call.called;
}

export function named(party: Party, known: (user: string) => string | undefined): Party {
  return party.name || !party.user ? party : { ...party, name: known(party.user) ?? "" };
}

function phaseOf(call: Call, mine: Leg | null, ringing: readonly Leg[]): Phase {
  if (isOver(call)) return "over";
  if (ringing.length && call.state !== "talking" && mine?.state !== "talking") return "incoming";
  if (call.state === "preparing" || (mine?.state === "ringing" && !mine.caller)) return "preparing";
  if (call.state === "ringing") return "ringing";
  return mine?.holding ? "held" : "talking";
}

/** Since when I am on the phone in this call. */
export function begun(sight: Sight): number {
  return sight.mine?.since ?? sight.call.begun;
}

type Numbered = Pick<Party, "number" | "shown">;

/** A name to say; a number where there is none. */
export function nameOf(party: Numbered & Pick<Party, "name" | "outside">): string {
  return party.name || numberOf(party) || (party.outside ? "Anonymous caller" : "Unknown caller");
}

/** As people write it. */
export function numberOf(party: Numbered): string {
  return party.shown || party.number;
}

export function firstName(party: Party): string {
  return party.name ? (party.name.split(/\s+/)[0] ?? party.name) : nameOf(party);
}

/** Whom the call is with: one name, or all of a conference. */
export function title(sight: Sight): string {
  return sight.others.length > 1 ? inWords(sight.others.map((leg) => firstName(leg.party))) : nameOf(sight.other);
}

/** Why the call came to me, or the other to the call, where nobody simply dialled: "diverted by Ben Cole". */
export function viaWords(sight: Sight, called: (party: Party) => string = nameOf): string {
  const via = viaOf(sight);
  return via ? wayWords(via.how, called(via.by)) : "";
}

export function viaOf({ ringing, mine, others, theirs, other }: Sight): Via | null | undefined {
  const via = (ringing[0] ?? mine)?.via ?? (others.length > 1 ? null : theirs[0]?.via);
  return via?.how === "group" && via.by.number === other.number ? null : via; // the group I call rings for itself
}

/** Of a group there are several, and nobody has sent the call on. */
export function viaIcon(sight: Sight): "people" | "phone-forward" {
  return viaOf(sight)?.how === "group" ? "people" : "phone-forward";
}

/** How a call came to where it is; of a past call some of it is said as past. */
export function wayWords(how: Via["how"], by: string, past = false): string {
  switch (how) {
    case "group":
      return `for ${by}`;
    case "diverted":
      return `diverted by ${by}`;
    case "transferred":
      return `transferred by ${by}`;
    case "recalled":
      return `${past ? "came" : "comes"} back from ${by}`;
    case "picked-up":
      return `picked up for ${by}`;
    case "retrieved":
      return `taken from ${by === "you" ? "your" : `${by}’s`} place`;
    case "moved":
      return past ? "moved to another device" : "";
  }
}

/** "This browser" and "Desk phone" rather than what a list of devices would call them. */
export function deviceName(device: Pick<Device, "kind" | "name"> | undefined): string {
  if (!device) return "another device";
  return device.kind === "browser" ? "This browser" : device.name || (device.kind === "mobile" ? "Mobile" : "Desk phone");
}

/** The same within a sentence. */
export function deviceWords(device: Pick<Device, "kind" | "name"> | undefined): string {
  return device?.kind === "browser" ? "this browser" : deviceName(device);
}

/** Devices, or people, in one phrase: "Desk phone and this browser". */
export function inWords(names: readonly string[]): string {
  if (names.length < 2) return names[0] ?? "";
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
}
