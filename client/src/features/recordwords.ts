/** Past calls in words, as the person whose list it is would say it. */
import type { IconName } from "../ui/icons";
import type { CallRecord } from "../wire/types";

export function isBad(record: CallRecord): boolean {
  return (record.direction === "in" && record.outcome === "missed") || record.outcome === "failed";
}

export function recordIcon(record: CallRecord): IconName {
  if (record.direction === "out") return "phone-out";
  return isBad(record) ? "phone-missed" : "phone-in";
}

/** "You called Ben", "Ben did not answer": a sentence without times. */
export function recordSentence(record: CallRecord, name: string): string {
  if (record.direction === "out")
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
      return `${name} called, answered elsewhere`;
    case "failed":
      return `A call from ${name} failed`;
  }
}

/** One or two words for a list's second line. */
export function outcomeWord(record: CallRecord): string {
  switch (record.outcome) {
    case "answered":
      return record.direction === "in" ? "Incoming" : "Outgoing";
    case "missed":
      return record.direction === "in" ? "Missed" : "No answer";
    case "declined":
      return "Declined";
    case "busy":
      return "Busy";
    case "cancelled":
      return record.direction === "in" ? "Missed" : "Cancelled";
    case "failed":
      return "Failed";
    case "elsewhere":
      return "Answered elsewhere";
  }
}
