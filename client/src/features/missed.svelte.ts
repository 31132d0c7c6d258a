/** How many calls were missed since the list was last looked at in this browser. */
import type { Desk } from "./desk.svelte";
import { prefer, prefs } from "./prefs.svelte";
import { matches } from "./records.svelte";

export function missedCount(desk: Desk): number {
  return desk.records.shelf("all").items.filter((record) => record.begun > prefs.missedSeen && matches(record, "missed"))
    .length;
}

export function missedSeen(desk: Desk): void {
  const newest = desk.records.shelf("all").items[0];
  if (newest && newest.begun > prefs.missedSeen) prefer({ missedSeen: newest.begun });
}
