/**
 * What the server and the page say to each other, named as the page speaks of it.
 *
 * Every shape comes from `schema.d.ts`, which is generated from the server's own description.
 * All times are Unix seconds of the server's clock. Ids are opaque words; a number is never an id.
 */

import type { components } from "./schema";

type Schemas = components["schemas"];
type AnyAsk = Schemas["Ask"];

/** What need not be there is told of oneself alone. */
export type User = Schemas["User"];
export type Presence = Schemas["Presence"];
export type Device = Schemas["Device"];
export type Party = Schemas["Party"];
export type Leg = Schemas["Leg"];
export type Call = Schemas["Call"];
export type Via = Schemas["Via"];
/** Where calls go instead; also what an administrator has laid down. */
export type Diversion = Schemas["Diversion"];
/** How a telephone outside rings with one's devices. */
export type Mobile = Schemas["Mobile"];
/** What happens to one's calls, in sentences. */
export type Effect = Schemas["Effect"];
export type Place = Schemas["Place"];
/** A call that rings for a colleague, which one may pick up; `id` is the call's. */
export type Waiting = Schemas["Waiting"];
/** A call that waits where one may retrieve it; `id` is the call's. */
export type Parked = Schemas["Parked"];
/** How one of one's own legs sounds; `id` is the leg's. */
export type Quality = Schemas["Quality"];
/** Which tab of this user carries the sound of a browser leg. */
export type Attachment = Schemas["Attachment"];
export type CallRecord = Schemas["Record"];
/** One past call with its steps, and how it went on without its user. */
export type RecordDetail = Schemas["RecordDetail"];
export type RecordPart = Schemas["RecordPart"];
export type Step = Schemas["Step"];
/** The tab that carries this leg must attach it again: the coding of the sound has to change. */
export type Renegotiate = Schemas["Renegotiate"];
export type Me = Schemas["Me"];
export type Hello = Schemas["Hello"];

export type PresenceState = Presence["state"];
export type DeviceKind = Device["kind"];
export type CallState = Call["state"];
export type LegState = Leg["state"];
export type How = Via["how"];
export type Outcome = CallRecord["outcome"];
export type Filter = "all" | "missed" | "incoming" | "outgoing";

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
  waiting: Waiting;
  parked: Parked;
  quality: Quality;
}

/** What is said in passing and not kept. */
export interface Posts {
  record: CallRecord;
  renegotiate: Renegotiate;
}

export type Kind = keyof Things;
export type PostKind = keyof Posts;

/** Read loosely: a server newer than this page may know kinds that it does not. */
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

export type Reply = Schemas["OkLine"] | Schemas["RefusedLine"];
export type FromServer = Change | Welcome | Reply;

/** Every command: what it takes and what it gives. */
export type Commands = {
  readonly [Word in AnyAsk["do"]]: {
    take: Omit<Extract<AnyAsk, { do: Word }>, "do">;
    give: Schemas["Results"][Word];
  };
};

export type Ask = <Name extends keyof Commands>(
  name: Name,
  fields: Commands[Name]["take"],
) => Promise<Commands[Name]["give"]>;
