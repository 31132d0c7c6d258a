/** A call as one of its people sees it: who the other is, what my part is, and which words say so. */
import type { Call, Device, Leg, Party } from "../wire/types";

export type Phase = "incoming" | "preparing" | "ringing" | "talking" | "held" | "over";

export interface Sight {
  readonly call: Call;
  readonly phase: Phase;
  readonly other: Party;
  /** The leg I talk, or shall talk, on. */
  readonly mine: Leg | null;
  /** My legs that ring and that I did not ask for. */
  readonly ringing: readonly Leg[];
  /** The other side's legs still in the call. */
  readonly theirs: readonly Leg[];
  readonly outgoing: boolean;
  readonly otherHolds: boolean;
  readonly otherLost: boolean;
}

export function see(call: Call, me: string): Sight {
  const alive = call.legs.filter((leg) => leg.state !== "gone");
  const own = alive.filter((leg) => leg.party.user === me);
  const ringing = own.filter((leg) => !leg.caller && leg.state === "ringing");
  const mine =
    own.find((leg) => leg.state === "talking" && (call.answered === null || !leg.caller)) ??
    own.find((leg) => leg.state === "talking") ??
    own.find((leg) => leg.caller) ??
    null;
  const theirs = alive.filter((leg) => leg !== mine && !ringing.includes(leg));
  const outgoing = call.legs.some((leg) => leg.caller && leg.party.user === me);
  const other = otherParty(call, theirs, me, outgoing);
  return {
    call,
    phase: phaseOf(call, mine, ringing),
    other,
    mine,
    ringing,
    theirs,
    outgoing,
    otherHolds: theirs.some((leg) => leg.holding),
    otherLost: theirs.some((leg) => leg.lost),
  };
}

function otherParty(call: Call, theirs: readonly Leg[], me: string, outgoing: boolean): Party {
  if (!outgoing) {
    const caller = call.legs.find((leg) => leg.caller) ?? theirs[0];
    return caller?.party ?? call.called;
  }
  const talking = theirs.find((leg) => leg.state === "talking" && leg.party.user !== me);
  return talking?.party ?? call.called;
}

function phaseOf(call: Call, mine: Leg | null, ringing: readonly Leg[]): Phase {
  if (call.state === "closing" || call.state === "ended") return "over";
  if (ringing.length && call.state !== "talking") return "incoming";
  if (call.state === "preparing") return "preparing";
  if (call.state === "ringing") return "ringing";
  return mine?.holding ? "held" : "talking";
}

/** A name to say; a number where there is none. */
export function nameOf(party: Party): string {
  return party.name || party.number || "Unknown caller";
}

export function firstName(party: Party): string {
  return party.name ? (party.name.split(/\s+/)[0] ?? party.name) : nameOf(party);
}

/** "This browser" and "Desk phone" rather than what a list of devices would call them. */
export function deviceName(device: Pick<Device, "kind" | "name"> | undefined): string {
  if (!device) return "another device";
  return device.kind === "browser" ? "This browser" : device.name || "Desk phone";
}

/** Devices in one phrase: "Desk phone and this browser". */
export function inWords(names: readonly string[]): string {
  if (names.length < 2) return names[0] ?? "";
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
}
