/** Where my calls go instead of ringing here. The server keeps it; every tab shows it. */
import { sentenceOf } from "../wire/refused";
import type { Diversion, User } from "../wire/types";
import type { Desk } from "./desk.svelte";
import { sayTrouble } from "./toasts.svelte";

/** What sends every call of mine on at the moment, if anything does. */
export function sentOn(me: User | undefined): Diversion | undefined {
  const all = (me?.diversions ?? []).filter(
    ({ when, on, to, callers }) => when === "always" && on && to !== "-" && (callers ?? "all") === "all",
  );
  return all.find(({ first }) => first) ?? all.find(({ by }) => by !== "admin") ?? all[0];
}

/** To whom, in words. */
export function targetOf({ shown, to }: Diversion): string {
  return shown || to;
}

/** Let calls come here again; it keeps whom they went to. */
export function takeBack(desk: Desk, { when, to }: Diversion): void {
  desk.ask("me.divert", { when, to, on: false }).catch((error: unknown) => {
    sayTrouble(sentenceOf(error));
  });
}
