/** The mirror as the page's components read it: whoever reads a thing is told when that thing changes, and only then. */
import { createSubscriber } from "svelte/reactivity";
import type { Kind, Things } from "../wire/types";
import type { Mirror } from "./mirror";

export interface Live {
  get<K extends Kind>(kind: K, id: string): Things[K] | undefined;
  all<K extends Kind>(kind: K): readonly Things[K][];
}

export function live(mirror: Mirror): Live {
  const subscribe = new Map<string, () => void>();
  const readers = new Map<string, () => void>();

  function track(key: string): void {
    let subscriber = subscribe.get(key);
    if (!subscriber) {
      subscriber = createSubscriber((update) => {
        readers.set(key, update);
        return () => readers.delete(key);
      });
      subscribe.set(key, subscriber);
    }
    subscriber();
  }

  mirror.watch((kind, id) => {
    readers.get(kind)?.();
    readers.get(`${kind} ${id}`)?.();
  });

  return {
    get(kind, id) {
      track(`${kind} ${id}`);
      return mirror.get(kind, id);
    },
    all(kind) {
      track(kind);
      return [...mirror.all(kind).values()];
    },
  };
}
