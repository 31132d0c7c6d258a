/** What I wish of calls: not to be disturbed, and whether a second one rings. The server keeps it; every tab shows it. */
import { sentenceOf } from "../wire/refused";
import type { Desk } from "./desk.svelte";
import { sayTrouble } from "./toasts.svelte";

export interface Wishes {
  readonly do_not_disturb: boolean;
  readonly call_waiting: boolean;
}

export function wishes(desk: Desk): Wishes {
  const me = desk.things.get("user", desk.me.id);
  return { do_not_disturb: me?.do_not_disturb ?? false, call_waiting: me?.call_waiting ?? true };
}

export function wish(desk: Desk, changes: Partial<Wishes>): void {
  desk.ask("me.set", changes).catch((error: unknown) => {
    sayTrouble(sentenceOf(error));
  });
}
