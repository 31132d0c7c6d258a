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
    case "dnd":
      return "Do not disturb";
    case "ringing":
      return "Ringing";
    case "on-call":
      return `On a call · ${timer(now() - presence.since)}`;
    case "offline":
      return presence.since > 0 ? `Offline since ${since(presence.since, Date.now() / 1000)}` : "Offline";
  }
}

/** What to know before a call is sent there; nothing when nothing speaks against it. */
export function warning(presence: Presence | undefined, stale: boolean): string {
  if (stale || !presence) return "";
  switch (presence.state) {
    case "on-call":
      return "will hear it as a second call";
    case "dnd":
      return "does not want calls now";
    case "offline":
      return "has no phone connected";
    case "available":
    case "ringing":
      return "";
  }
}

function past(presence: Presence): string {
  return { available: "available", dnd: "not to be disturbed", ringing: "ringing", "on-call": "on a call", offline: "offline" }[
    presence.state
  ];
}

/** Without the running time, for names that should not change every second. */
export function presenceName(presence: Presence | undefined, stale: boolean): string {
  if (stale || !presence) return "Presence not known";
  return { available: "Available", dnd: "Do not disturb", ringing: "Ringing", "on-call": "On a call", offline: "Offline" }[
    presence.state
  ];
}
