/** The call list: read page by page, newest first, with what happens meanwhile added on top. */
import { readRecords } from "../wire/http";
import { Refused, sentenceOf } from "../wire/refused";
import type { CallRecord, Filter } from "../wire/types";

const PAGE = 50;

export type Records = ReturnType<typeof createRecords>;

/** Consecutive calls with the same number and outcome, newest first. */
export interface Group {
  readonly first: CallRecord;
  readonly records: readonly CallRecord[];
}

export interface Shelf {
  readonly items: readonly CallRecord[];
  readonly more: boolean;
  /** `short`: there is more, but it did not come. */
  readonly state: "waiting" | "ready" | "short" | "failed";
  readonly trouble: string;
  /** There is no call list here, so trying again is no use. */
  readonly off: boolean;
}

const empty: Shelf = { items: [], more: true, state: "waiting", trouble: "", off: false };

export function createRecords() {
  let shelves = $state.raw<Readonly<Record<string, Shelf>>>({});
  const loading = new Map<string, Promise<void>>();

  function load(filter: Filter, search: string, before: string | null = null): Promise<void> {
    const key = keyOf(filter, search);
    const under = loading.get(key);
    if (under) return under;
    const done = read(filter, search, before).finally(() => loading.delete(key));
    loading.set(key, done);
    return done;
  }

  async function read(filter: Filter, search: string, before: string | null): Promise<void> {
    const key = keyOf(filter, search);
    put(key, { ...(shelves[key] ?? empty), ...(before && { state: "ready" }) });
    try {
      const page = await readRecords(filter, search, before, PAGE);
      const known = shelves[key];
      if (!known) return; // nobody asks for this search any more
      const full = page.length === PAGE;
      // After a long absence the newest page does not reach what is known: begin anew rather than leave a gap.
      const reaches = before !== null || !full || page.some(({ id }) => known.items.some((one) => one.id === id));
      const kept = reaches ? known.items : known.items.filter((one) => one.begun > (page[0]?.begun ?? 0));
      const more = before !== null || kept.length <= PAGE ? full : known.more;
      put(key, { items: merge(page, kept), more, state: "ready", trouble: "", off: false });
    } catch (error) {
      const known = shelves[key];
      if (known) put(key, { ...known, state: known.items.length ? "short" : "failed", trouble: sentenceOf(error), off: error instanceof Refused && error.word === "call-list-off" });
    }
  }

  function put(key: string, shelf: Shelf): void {
    shelves = { ...shelves, [key]: shelf };
  }

  function each(visit: (filter: Filter, search: string, shelf: Shelf) => void): void {
    for (const [key, shelf] of Object.entries(shelves)) {
      const [filter = "", ...words] = key.split(" ");
      visit(filter as Filter, words.join(" "), shelf);
    }
  }

  return {
    shelf: (filter: Filter, search = ""): Shelf => shelves[keyOf(filter, search)] ?? empty,
    /** Any list that holds this call. */
    find(id: string): CallRecord | undefined {
      for (const shelf of Object.values(shelves)) {
        const found = shelf.items.find((record) => record.id === id);
        if (found) return found;
      }
      return undefined;
    },
    add(record: CallRecord) {
      each((filter, search, shelf) => {
        if (!matches(record, filter)) return;
        // Only the server knows what a search means.
        if (search) void load(filter, search);
        else put(filter, { ...shelf, items: merge([record], shelf.items), state: shelf.state === "failed" ? "short" : shelf.state });
      });
    },
    /** Begin to show a list; done when there is something to show. Of the searches only the last is kept. */
    async open(filter: Filter, search = ""): Promise<void> {
      const kept = Object.entries(shelves).filter(([key]) => !key.includes(" ") || key.endsWith(` ${search}`));
      shelves = Object.fromEntries(kept);
      if ((shelves[keyOf(filter, search)] ?? empty).state === "waiting") await load(filter, search);
    },
    /** After a time without a line: fetch what was missed. */
    refresh() {
      if (!shelves["all"]) void load("all", "");
      each((filter, search) => void load(filter, search));
    },
    older(filter: Filter, search = "") {
      const { items, more, state } = shelves[keyOf(filter, search)] ?? empty;
      const last = items.at(-1);
      if (last && more && state === "ready") void load(filter, search, last.id);
    },
    retry(filter: Filter, search = "") {
      const { items } = shelves[keyOf(filter, search)] ?? empty;
      if (items.length === 0) put(keyOf(filter, search), empty);
      void load(filter, search, items.at(-1)?.id);
    },
  };
}

function keyOf(filter: Filter, search: string): string {
  return search ? `${filter} ${search}` : filter;
}

/** It came to this user, even if it went on to somebody else. */
export function isIncoming(record: CallRecord): boolean {
  return record.direction === "in" || record.direction === "diverted";
}

export function matches(record: CallRecord, filter: Filter): boolean {
  switch (filter) {
    case "all":
      return true;
    case "missed":
      return isIncoming(record) && record.outcome === "missed";
    case "incoming":
      return isIncoming(record);
    case "outgoing":
      return !isIncoming(record);
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
