/** Whom or what a call can be handed to: what the sheet lists for the words in its field, and what Enter does with it. */
import type { Device, User } from "../wire/types";
import type { Calling, Slot } from "./calling.svelte";
import { deviceWords, firstName, nameOf, type Sight } from "./sight";
import type { Target } from "./target";

/** What is to be done with the call: put it through, park it, go on at another device, or send it on while it rings. */
export type Aim = "transfer" | "park" | "move" | "redirect";

export type Option =
  | { readonly kind: "person"; readonly user: User }
  | { readonly kind: "number"; readonly to: string; readonly address: boolean }
  | { readonly kind: "call"; readonly sight: Sight }
  | { readonly kind: "device"; readonly device: Device }
  | { readonly kind: "place"; readonly user: User | null; readonly slot: Slot };

/** One of the two things to do with an option: with Enter, with Shift and Enter. */
export interface Act {
  readonly name: string;
  readonly what: string;
  run(): Promise<unknown>;
}

/** What the acts are called while nothing is chosen yet. */
export const usual: Readonly<Record<Aim, readonly string[]>> = {
  transfer: ["Transfer now", "Ask first"],
  park: ["Park call"],
  move: ["Move call"],
  redirect: ["Redirect call"],
};

export interface Known {
  readonly me: User;
  readonly target: Target;
  readonly hits: readonly User[];
  /** My other calls. */
  readonly calls: readonly Sight[];
  /** My other devices. */
  readonly devices: readonly Device[];
}

export function optionsFor(aim: Aim, sight: Sight, { me, target, hits, calls, devices }: Known): readonly Option[] {
  const empty = target.kind === "nothing";
  const others = hits.filter((user) => user.id !== me.id && user.id !== sight.other.user);
  switch (aim) {
    case "move":
      return devices.map((device) => ({ kind: "device", device }));
    case "park": {
      const slot = target.kind === "number" && /^\d$/.test(target.to) ? (target.to as Slot) : "";
      const own: Option = { kind: "place", user: null, slot };
      return [...(empty || slot ? [own] : []), ...others.map((user): Option => ({ kind: "place", user, slot: "" }))];
    }
    case "transfer":
    case "redirect": {
      const to = target.kind === "number" || target.kind === "address" ? target.to : "";
      const dialled: Option[] = to && others[0]?.number !== to ? [{ kind: "number", to, address: target.kind === "address" }] : [];
      const people = others.map((user): Option => ({ kind: "person", user }));
      if (!empty || aim === "redirect") return [...dialled, ...people];
      return [
        ...calls.map((other): Option => ({ kind: "call", sight: other })),
        ...devices.map((device): Option => ({ kind: "device", device })),
      ];
    }
  }
}

export function actsFor(aim: Aim, sight: Sight, option: Option | undefined, calling: Calling): readonly Act[] {
  if (!option) return [];
  const who = firstName(sight.other);
  switch (option.kind) {
    case "call": {
      const other = option.sight;
      const both: Act = {
        name: "Connect both",
        what: `${who} and ${firstName(other.other)} go on without you.`,
        run: () => calling.connect(sight, other),
      };
      const three: Act = { name: "Conference", what: "All three of you talk.", run: () => calling.join(sight, other) };
      return other.phase === "held" || other.phase === "talking" ? [both, three] : [both];
    }
    case "device": {
      const { device } = option;
      return [{ name: "Move call", what: `The call goes on at ${deviceWords(device)}.`, run: () => calling.move(sight, device) }];
    }
    case "place": {
      const { user, slot } = option;
      const whose = user ? `${user.name}’s` : "your";
      const what = `${who} waits with music at ${whose} place until somebody takes the call.`;
      return [{ name: "Park call", what, run: () => calling.park(sight, user?.number ?? "", slot, whose) }];
    }
    case "person":
    case "number": {
      const to = option.kind === "person" ? option.user.number : option.to;
      const name = option.kind === "person" ? option.user.name : nameOf({ number: to, name: "" });
      const short = name.split(" ")[0] ?? name;
      if (aim === "redirect")
        return [{ name: "Redirect call", what: `${short} rings, your phones stop.`, run: () => calling.redirect(sight, to, name) }];
      return [
        {
          name: "Transfer now",
          what: `${short} rings at once. Unanswered, ${who} comes back to you.`,
          run: () => calling.transfer(sight, to, name),
        },
        { name: "Ask first", what: `${who} hears music while you talk to ${short}.`, run: () => calling.consult(sight, to) },
      ];
    }
  }
}
