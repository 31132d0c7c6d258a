/**
 * The page's copy of what the server lets it see.
 *
 * The law: a snapshot taken at n, with every later change applied, equals the snapshot the server would send now.
 * Values are whole and small; applying a change is set or delete, and nothing here knows what a value means.
 */
import type { Change, Kind, PostKind, Posts, Things, Welcome } from "../wire/types";

export interface Mirror {
  readonly boot: number;
  readonly n: number;
  get<K extends Kind>(kind: K, id: string): Things[K] | undefined;
  all<K extends Kind>(kind: K): ReadonlyMap<string, Things[K]>;
  welcome(welcome: Welcome): void;
  apply(change: Change): void;
  /** Called for each thing that changed, after it changed. */
  watch(changed: (kind: Kind, id: string, old: unknown) => void): void;
  /** Called for each thing said in passing. */
  hear<P extends PostKind>(kind: P, heard: (value: Posts[P]) => void): void;
  /** A copy as plain values, for comparing. */
  picture(): { [kind: string]: { [id: string]: unknown } };
}

export function createMirror(): Mirror {
  const kinds = new Map<string, Map<string, unknown>>();
  const watchers: ((kind: Kind, id: string, old: unknown) => void)[] = [];
  const hearers: { kind: string; heard: (value: never) => void }[] = [];
  let boot = -1;
  let n = -1;

  function things(kind: string): Map<string, unknown> {
    let found = kinds.get(kind);
    if (!found) kinds.set(kind, (found = new Map()));
    return found;
  }

  function set(kind: string, id: string, value: unknown): void {
    const old = things(kind).get(id);
    things(kind).set(id, value);
    tell(kind, id, old);
  }

  function drop(kind: string, id: string): void {
    const old = things(kind).get(id);
    if (things(kind).delete(id)) tell(kind, id, old);
  }

  function tell(kind: string, id: string, old: unknown): void {
    for (const changed of watchers) changed(kind as Kind, id, old);
  }

  return {
    get boot() {
      return boot;
    },
    get n() {
      return n;
    },
    get: (kind, id) => things(kind).get(id) as never,
    all: (kind) => things(kind) as never,
    welcome(welcome) {
      boot = welcome.boot;
      n = welcome.n;
      if (!welcome.snapshot) return;
      const kept = new Set(welcome.snapshot.map((line) => `${line.set} ${line.id}`));
      for (const [kind, all] of kinds)
        for (const id of [...all.keys()]) if (!kept.has(`${kind} ${id}`)) drop(kind, id);
      for (const line of welcome.snapshot) {
        const old = things(line.set).get(line.id);
        if (JSON.stringify(old) !== JSON.stringify(line.value)) set(line.set, line.id, line.value);
      }
    },
    apply(change) {
      n = change.n;
      if ("set" in change) set(change.set, change.id, change.value);
      else if ("drop" in change) drop(change.drop, change.id);
      else for (const hearer of hearers) if (hearer.kind === change.post) hearer.heard(change.value as never);
    },
    watch: (changed) => void watchers.push(changed),
    hear: (kind, heard) => void hearers.push({ kind, heard }),
    picture: () =>
      Object.fromEntries([...kinds].filter(([, all]) => all.size).map(([kind, all]) => [kind, Object.fromEntries(all)])),
  };
}
