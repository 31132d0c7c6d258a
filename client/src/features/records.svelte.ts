/** The call list: read page by page, newest first, with what happens meanwhile added on top. */
import { readRecords } from "../wire/http";
import { sentenceOf } from "../wire/refused";
import type { CallRecord, Filter } from "../wire/types";

const PAGE = 50;

export type Records = ReturnType<typeof createRecords>;

/** Consecutive calls with the same number and outcome, newest first. */
export interface Group {
  readonly first: CallRecord;
  readonly records: readonly CallRecord[];
}

interface Shelf {
  readonly items: readonly CallRecord[];
  readonly more: boolean;
  readonly state: "waiting" | "ready" | "failed";
  readonly trouble: string;
}

const empty: Shelf = { items: [], more: true, state: "waiting", trouble: "" };

export function createRecords() {
  const shelves = $state<Record<Filter, Shelf>>({ all: empty, missed: empty, incoming: empty, outgoing: empty });
  const loading = new Set<Filter>();

  async function load(filter: Filter, before: string | null): Promise<void> {
    if (loading.has(filter)) return;
    loading.add(filter);
    try {
      const page = await readRecords(filter, before, PAGE);
      const { items, more } = shelves[filter];
      const atEnd = before !== null || items.length <= PAGE;
      shelves[filter] = {
        items: merge(page, items),
        more: atEnd ? page.length === PAGE : more,
        state: "ready",
        trouble: "",
      };
    } catch (error) {
      const known = shelves[filter];
      shelves[filter] = { ...known, state: known.items.length ? "ready" : "failed", trouble: sentenceOf(error) };
    } finally {
      loading.delete(filter);
    }
  }

  return {
    shelf: (filter: Filter): Shelf => shelves[filter],
    add(record: CallRecord) {
      for (const filter of Object.keys(shelves) as Filter[])
        if (matches(record, filter)) shelves[filter] = { ...shelves[filter], items: merge([record], shelves[filter].items) };
    },
    open(filter: Filter) {
      if (shelves[filter].state === "waiting") void load(filter, null);
    },
    /** After a time without a line: fetch what was missed. */
    refresh() {
      for (const filter of Object.keys(shelves) as Filter[])
        if (filter === "all" || shelves[filter].state === "ready") void load(filter, null);
    },
    older(filter: Filter) {
      const last = shelves[filter].items.at(-1);
      if (last && shelves[filter].more) void load(filter, last.id);
    },
    retry(filter: Filter) {
      shelves[filter] = { ...shelves[filter], state: "waiting" };
      void load(filter, null);
    },
  };
}

export function matches(record: CallRecord, filter: Filter): boolean {
  switch (filter) {
    case "all":
      return true;
    case "missed":
      return record.direction === "in" && record.outcome === "missed";
    case "incoming":
      return record.direction === "in";
    case "outgoing":
      return record.direction === "out";
  }
}

export function merge(fresh: readonly CallRecord[], known: readonly CallRecord[]): readonly CallRecord[] {
  const byId = new Map(known.map((record) => [record.id, record]));
  for (const record of fresh) byId.set(record.id, record);
  return [...byId.values()].sort((a, b) => b.begun - a.begun || (a.id < b.id ? 1 : -1));
}

export function group(records: readonly CallRecord[], dayOf: (unix: number) => string): readonly Group[] {
  const groups: { first: CallRecord; records: CallRecord[] }[] = [];
  for (const record of records) {
    const last = groups.at(-1);
    const same =
      last &&
      last.first.number === record.number &&
      last.first.direction === record.direction &&
      last.first.outcome === record.outcome &&
      dayOf(last.first.begun) === dayOf(record.begun);
    if (same) last.records.push(record);
    else groups.push({ first: record, records: [record] });
  }
  return groups;
}
