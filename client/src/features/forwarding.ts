/** Where my calls go instead of ringing here. The server keeps it; every tab shows it. */
import { sentenceOf } from "../wire/refused";
import type { Diversion, Effect, User } from "../wire/types";
import type { Desk } from "./desk.svelte";
import { sayTrouble } from "./toasts.svelte";
import type { SentOn } from "./works.svelte";

/** What sends every call of mine on at the moment, if anything does, and whether they get there. */
export function sentOn(me: User | undefined, { barred, loops }: Effect, desk: Pick<Desk, "ask">): SentOn | null {
  const all = (me?.diversions ?? []).filter(
    ({ when, on, to, callers }) => when === "always" && on && to !== "-" && (callers ?? "all") === "all",
  );
  const found = foremost(all.filter(({ to }) => !barred[to])) ?? foremost(all);
  if (!found) return null;
  const why = barred[found.to];
  const own = found.by !== "admin";
  return {
    to: targetOf(found),
    leads: !why,
    note: why ?? loops[0] ?? (own ? "They do not ring here." : "Your administrator has set it."),
    takeBack: own ? () => { takeBack(desk, found); } : null,
  };
}

function foremost(all: readonly Diversion[]): Diversion | undefined {
  return all.find(({ first }) => first) ?? all.find(({ by }) => by !== "admin") ?? all[0];
}

/** To whom, in words. */
export function targetOf({ shown, to }: Diversion): string {
  return shown || to;
}

/** It keeps whom they went to. */
function takeBack(desk: Pick<Desk, "ask">, { when, to }: Diversion): void {
  desk.ask("me.divert", { when, to, on: false }).catch((error: unknown) => {
    sayTrouble(sentenceOf(error));
  });
}
