/** Presence in words. */
import type { Shown } from "../ui/Badge.svelte";
import type { Presence } from "../wire/types";
import { clockTime, since, timer } from "./time";

export function shown(presence: Presence | undefined, stale: boolean): Shown {
  return stale || !presence ? "unknown" : presence.state;
}

export function presenceWords(presence: Presence | undefined, stale: boolean, now: () => number): string {
  if (!presence) return stale ? "Not known at the moment" : "";
  if (stale) return `was ${past(presence)} at ${clockTime(presence.since)}`;
  switch (presence.state) {
    case "available":
      return "Available";
    case "ringing":
      return "Ringing";
    case "on-call":
      return `On a call · ${timer(now() - presence.since)}`;
    case "offline":
      return presence.since > 0 ? `Offline since ${since(presence.since, Date.now() / 1000)}` : "Offline";
  }
}

function past(presence: Presence): string {
  return presence.state === "on-call" ? "on a call" : presence.state;
}

/** Without the running time, for names that should not change every second. */
export function presenceName(presence: Presence | undefined, stale: boolean): string {
  if (stale || !presence) return "Presence not known";
  return { available: "Available", ringing: "Ringing", "on-call": "On a call", offline: "Offline" }[presence.state];
}
