/**
 * What the server and the page say to each other, as the page reads it.
 *
 * All times are Unix seconds of the server's clock. Ids are opaque words; a number is never an id.
 */

export type PresenceState = "offline" | "available" | "ringing" | "on-call";
export type DeviceKind = "phone" | "browser";
export type CallState = "preparing" | "ringing" | "talking" | "closing" | "ended";
export type LegState = "ringing" | "talking" | "gone";
export type Outcome = "answered" | "missed" | "declined" | "busy" | "cancelled" | "failed" | "elsewhere";
export type Filter = "all" | "missed" | "incoming" | "outgoing";

export interface User {
  readonly id: string;
  readonly name: string;
  readonly number: string;
  readonly username: string;
  /** The device chosen for calling; told of oneself alone. */
  readonly device?: string;
}

export interface Presence {
  readonly id: string;
  readonly state: PresenceState;
  readonly since: number;
}

export interface Device {
  readonly id: string;
  readonly user: string;
  readonly name: string;
  readonly kind: DeviceKind;
  readonly reachable: boolean;
  readonly contacts: number;
}

export interface Party {
  readonly number: string;
  readonly name: string;
  readonly user: string;
  readonly device: string;
}

export interface Leg {
  readonly id: string;
  readonly party: Party;
  readonly caller: boolean;
  readonly state: LegState;
  readonly holding: boolean;
  readonly muted: boolean;
  readonly lost: boolean;
}

export interface Call {
  readonly id: string;
  readonly state: CallState;
  readonly begun: number;
  readonly answered: number | null;
  readonly cause: string | null;
  readonly sentence: string | null;
  readonly called: Party;
  readonly legs: readonly Leg[];
}

/** Which tab of this user carries the sound of a browser leg. */
export interface Attachment {
  readonly id: string;
  readonly call: string;
  readonly tab: string;
}

export interface CallRecord {
  readonly id: string;
  readonly call: string;
  readonly direction: "in" | "out";
  readonly outcome: Outcome;
  readonly number: string;
  readonly name: string;
  readonly user: string;
  readonly device: string;
  readonly begun: number;
  readonly answered: number | null;
  readonly ended: number;
  readonly seconds: number;
  readonly cause: string | null;
}

export interface Me {
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly number: string;
  readonly device: string;
  readonly devices: readonly Device[];
  readonly site: string;
}

export interface Page<T> {
  readonly total: number;
  readonly items: readonly T[];
}

/** The kinds of thing the mirror keeps, by their word on the wire. */
export interface Things {
  user: User;
  presence: Presence;
  device: Device;
  call: Call;
  attachment: Attachment;
}

/** The tab that carries this leg must attach it again: the coding of the sound has to change. */
export interface Renegotiate {
  readonly leg: string;
  readonly tab: string;
}

/** What is said in passing and not kept. */
export interface Posts {
  record: CallRecord;
  renegotiate: Renegotiate;
}

export type Kind = keyof Things;
export type PostKind = keyof Posts;

export type Change =
  | { readonly n: number; readonly set: string; readonly id: string; readonly value: unknown }
  | { readonly n: number; readonly drop: string; readonly id: string }
  | { readonly n: number; readonly post: string; readonly value: unknown };

export interface Welcome {
  readonly n: number;
  readonly boot: number;
  readonly time: number;
  readonly snapshot?: readonly { readonly set: string; readonly id: string; readonly value: unknown }[];
}

export type Reply =
  | { readonly id: number; readonly ok: unknown }
  | { readonly id: number | null; readonly refused: string; readonly text: string };

export type FromServer = Change | Welcome | Reply;

export interface Hello {
  readonly tab: string;
  readonly boot: number;
  readonly n: number;
  /** Whose presence the mirror shows. */
  readonly users: readonly string[];
  readonly sound: boolean;
  readonly visible: boolean;
}

/** Every command: what it takes and what it gives. */
export interface Commands {
  "call.dial": { take: { to: string; device: string }; give: { call: string; leg: string } };
  "leg.attach": { take: { leg: string; sdp: string }; give: { sdp: string } };
  "call.decline": { take: { call: string }; give: null };
  "call.hangup": { take: { call: string }; give: null };
  "call.hold": { take: { call: string; holding: boolean }; give: null };
  "call.mute": { take: { call: string; muted: boolean }; give: null };
  "call.digits": { take: { call: string; keys: string }; give: null };
  "users.follow": { take: { users: readonly string[] }; give: null };
  "me.choose": { take: { device: string }; give: null };
  "me.password": { take: { old: string; new: string }; give: null };
  "tab.sound": { take: { sound: boolean }; give: null };
}

export type Ask = <Name extends keyof Commands>(
  name: Name,
  fields: Commands[Name]["take"],
) => Promise<Commands[Name]["give"]>;
