/** Past calls in words, as the person whose list it is would say it. */
import type { IconName } from "../ui/icons";
import type { CallRecord, Device } from "../wire/types";
import { isIncoming } from "./records.svelte";
import { nameOf, numberOf, wayWords } from "./sight";

export function isBad(record: CallRecord): boolean {
  return (isIncoming(record) && record.outcome === "missed") || record.outcome === "failed";
}

export function recordIcon(record: CallRecord): IconName {
  if (!isIncoming(record)) return "phone-out";
  return isBad(record) ? "phone-missed" : "phone-in";
}

/** "You called Ben", "Ben did not answer": a sentence without times. */
export function recordSentence(record: CallRecord, name: string): string {
  if (!isIncoming(record))
    switch (record.outcome) {
      case "answered":
      case "elsewhere":
        return `You called ${name}`;
      case "missed":
        return `You called ${name}, no answer`;
      case "busy":
        return `You called ${name}, busy`;
      case "declined":
        return `${name} declined your call`;
      case "cancelled":
        return `You called ${name} and hung up`;
      case "failed":
        return `Your call to ${name} failed`;
      case "forwarded":
        return `You put ${name} through`;
    }
  switch (record.outcome) {
    case "answered":
      return `${name} called you`;
    case "missed":
    case "cancelled":
      return `Missed call from ${name}`;
    case "declined":
      return `You declined a call from ${name}`;
    case "busy":
      return `${name} called while you were busy`;
    case "elsewhere":
      return `${name} called, ${record.to ? sentOn(record) : "answered elsewhere"}`;
    case "failed":
      return `A call from ${name} failed`;
    case "forwarded":
      return `${name} called, ${sentOn(record) || "sent on"}`;
  }
}

export function way(record: CallRecord): string {
  return isIncoming(record) ? "Incoming" : "Outgoing";
}

/** One or two words; of an answered call its direction says enough. */
export function outcomeWord(record: CallRecord): string {
  switch (record.outcome) {
    case "answered":
      return way(record);
    case "missed":
      return isIncoming(record) ? "Missed" : "No answer";
    case "declined":
      return "Declined";
    case "busy":
      return "Busy";
    case "cancelled":
      return isIncoming(record) ? "Missed" : "Cancelled";
    case "failed":
      return "Failed";
    case "elsewhere":
      return "Answered elsewhere";
    case "forwarded":
      return record.direction === "transferred" ? "Transferred" : "Diverted";
  }
}

/** How the call came to its end, where neither its direction nor its way says so. */
export function outcomeChip(record: CallRecord): { readonly words: string; readonly tone: "plain" | "danger" } | null {
  if (record.outcome === "answered" || sentOn(record)) return null;
  return { words: outcomeWord(record), tone: isBad(record) ? "danger" : "plain" };
}

/** Who has the call instead: "picked up by Dora", "diverted to Greta". */
function sentOn(record: CallRecord): string {
  if (!record.to) return "";
  const to = nameOf(record.to);
  if (record.outcome === "elsewhere") return `${record.cause === "picked-up" ? "picked up" : "answered"} by ${to}`;
  return `${record.outcome === "answered" || record.direction === "transferred" ? "transferred" : "diverted"} to ${to}`;
}

/** The way it took, if nobody simply dialled: "diverted by Ben Cole". */
export function viaWords(record: CallRecord): string {
  const on = sentOn(record);
  if (on || !record.via) return on;
  return wayWords(record.via.how, nameOf(record.via.by), true);
}

/** On what it was taken, if that was not the browser: "on Desk phone". */
export function deviceWords(record: CallRecord, devices: readonly Device[]): string {
  const device = devices.find((each) => each.id === record.device);
  if (record.answered === null || device?.kind === "browser") return "";
  return device?.name ? `on ${device.name}` : "";
}

/** What stands under the name in a list: the way it took, else number and device. */
export function rowFacts(record: CallRecord, who: string, devices: readonly Device[]): string {
  const number = who === numberOf(record) ? "" : numberOf(record);
  return viaWords(record) || [number, deviceWords(record, devices)].filter(Boolean).join(" · ");
}
