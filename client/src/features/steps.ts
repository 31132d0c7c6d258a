/** A call step by step, in words: from the events of its record to sentences about "you" and the others. */
import type { CallRecord, RecordDetail, Step } from "../wire/types";
import { isIncoming } from "./records.svelte";
import { recordSentence } from "./recordwords";
import { nameOf, numberOf } from "./sight";
import { span } from "./time";

/** What was said of a call's end besides that somebody hung up; keys are Q.850 values. */
const ENDINGS: Readonly<Record<number, string>> = {
  1: "there is nobody at this number",
  17: "the line was busy",
  18: "nobody answered",
  19: "nobody answered",
  20: "no phone was reachable there",
  25: "the call came back to where it started",
  26: "it was answered elsewhere",
  31: "the call went on elsewhere",
  41: "the connection was lost",
  42: "the system was too busy",
  57: "the call was not allowed",
  88: "the two phones share no way to carry sound",
};

export interface Line {
  readonly at: number;
  readonly words: string;
}

/** Steps this page has no words for are left out: a newer server may know more of them. */
export function lines({ record, events, parts }: RecordDetail, device: string): readonly Line[] {
  const further = parts.flatMap((part) => part.events.filter((step) => step.msg !== "setup-to"));
  const steps = [...events, ...further].sort((a, b) => a.at - b.at);
  const spoken: Line[] = [];
  const so: SoFar = { talked: false, gone: false, device };
  steps.forEach((step, i) => {
    const words = sentence(step, record, so, i === steps.length - 1);
    so.talked ||= step.msg.startsWith("conn");
    so.gone ||= step.msg === "cf-from" || step.msg === "transfer-from";
    if (words && words !== spoken.at(-1)?.words) spoken.push({ at: step.at, words });
  });
  return spoken;
}

/** What has happened before a step: did anybody talk, and has the call gone on without me? */
interface SoFar {
  talked: boolean;
  gone: boolean;
  readonly device: string;
}

/** The whole call in two or three sentences. `device` as it stands within one, or "". */
export function story(record: CallRecord, who: string, device: string): string {
  const rang = span((record.answered ?? record.ended) - record.begun);
  const parts = [`${opening(record, who)}.`];
  if (record.outcome === "answered") {
    const on = device ? (isIncoming(record) ? ` on ${device}` : `; you were on ${device}`) : "";
    parts.push(`${isIncoming(record) ? "You" : who} answered after ${rang}${on}.`);
    if (record.seconds >= 1) parts.push(`You talked for ${span(record.seconds)}.`);
    if (record.to) parts.push(`Then you put the call through to ${nameOf(record.to)}.`);
  } else if (record.outcome === "failed") {
    parts.push(record.sentence);
  } else if (record.outcome !== "forwarded" && record.outcome !== "busy" && rang !== "0 s") {
    parts.push(`It rang for ${rang}.`);
  }
  return parts.join(" ").trim();
}

function opening(record: CallRecord, who: string): string {
  const to = record.to ? nameOf(record.to) : "";
  if (to && record.outcome === "elsewhere") return `${who} called, and ${to} ${record.cause === "picked-up" ? "picked up the call" : "answered"}`;
  if (to && record.outcome === "forwarded") return `${who} called, and the call went on to ${to}`;
  if (!record.via) return recordSentence(record, who);
  const by = nameOf(record.via.by);
  switch (record.via.how) {
    case "group":
      return isIncoming(record) ? `${who} called ${by}, and you were rung` : `You called ${by}, and ${who} was rung`;
    case "diverted":
      if (!isIncoming(record)) return `You called ${by}, and the call was diverted to ${who}`;
      return `${who} called ${by}, and the call was diverted to you`;
    case "transferred":
      return `${by} put ${who} through to you`;
    case "recalled":
      return `The call with ${who} came back to you from ${by}`;
    case "picked-up":
      return `${who} called ${by}, and you picked it up`;
    case "retrieved":
      return `You took ${who}, whom ${by} had parked`;
    case "moved":
      return recordSentence(record, who);
  }
}

function sentence(step: Step, record: CallRecord, so: SoFar, last: boolean): string {
  const who = step.name || numberOf(step) || record.name || numberOf(record) || "The caller";
  switch (step.msg) {
    case "setup-from":
      return `You called ${who}`;
    case "setup-to":
      if (record.via?.how === "group") return `${who} called ${nameOf(record.via.by)}`;
      return record.via?.how === "diverted" ? `${who} called ${nameOf(record.via.by)}, who diverts to you` : `${who} called you`;
    case "alert-from":
      return "It rang at your devices";
    case "alert-to":
      return `It rang at ${who}`;
    case "conn-from":
      return so.device ? `You answered on ${so.device}` : "You answered";
    case "conn-to":
      return `${who} answered`;
    case "connected":
      return so.gone ? "Both were connected" : `You talked with ${who}`;
    case "cf-from":
      return `The call went on to ${who}`;
    case "cf-to":
      return `The call was diverted to ${who}`;
    case "transfer-from":
      return `You put the call through to ${who}`;
    case "transfer-to":
      return `You were put through to ${who}`;
    case "rel-from":
      return ending(step, record, so, last, "You");
    case "rel-to":
      return ending(step, record, so, last, who);
    default:
      return "";
  }
}

function ending({ cause }: Step, record: CallRecord, so: SoFar, last: boolean, who: string): string {
  if (so.gone) return last ? "Their call ended" : "";
  if (!last) return so.talked ? "" : "It stopped ringing here";
  if (isIncoming(record) && record.cause === "do-not-disturb") return "It did not ring: you did not want to be disturbed";
  if (cause === 21) return who === "You" && isIncoming(record) ? "You declined" : "Ended: the call was declined";
  const why = cause === null ? undefined : ENDINGS[cause];
  if (why) return `Ended: ${why}`;
  return so.talked ? `${who} hung up` : `${who} hung up before anyone answered`;
}
