/** How many calls were missed since the list was last looked at, in any tab of this browser. */
import { createSubscriber } from "svelte/reactivity";
import type { Desk } from "./desk.svelte";
import { prefer, prefs, seenElsewhere } from "./prefs.svelte";
import { matches } from "./records.svelte";

const watchSight = createSubscriber((update) => {
  document.addEventListener("visibilitychange", update);
  return () => {
    document.removeEventListener("visibilitychange", update);
  };
});
const watchTabs = createSubscriber(() => {
  window.addEventListener("storage", seenElsewhere);
  return () => {
    window.removeEventListener("storage", seenElsewhere);
  };
});

export function missedCount(desk: Desk): number {
  watchTabs();
  return desk.records.shelf("all").items.filter((record) => isNew(record.begun) && matches(record, "missed")).length;
}

/** The list is shown: what stands in it counts no more, once the page itself is in sight. */
export function missedSeen(desk: Desk): void {
  watchSight();
  const newest = desk.records.shelf("all").items[0];
  if (newest && isNew(newest.begun) && document.visibilityState === "visible") prefer({ missedSeen: newest.begun });
}

function isNew(begun: number): boolean {
  return begun > prefs.missedSeen;
}
