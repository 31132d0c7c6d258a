/**
 * The one WebSocket to the server: hello and resume, asks and their answers, and coming back when it breaks.
 *
 * It never keeps what the server said; each change is handed on, in order. A lost connection refuses what was
 * asked and not yet answered: the caller decides whether to ask again, we never do (a call must not be dialled twice).
 */
import { Refused } from "./refused";
import type { Ask, Change, FromServer, Hello, Welcome } from "./types";

/** Where the line to the server stands. `ended` says why it will not come back by itself. */
export type Link =
  | { readonly state: "connecting"; readonly tries: number; readonly since: number }
  | { readonly state: "open" }
  | { readonly state: "ended"; readonly why: "signed-out" | "left" };

export interface Socket {
  send(data: string): void;
  close(code?: number): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: string }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
}

export interface Listener {
  /** What the hello says now: asked anew at each connection. */
  hello(): Hello;
  welcomed(welcome: Welcome): void;
  changed(change: Change): void;
  linked(link: Link): void;
  /** The server says this tab's id is in use; the next hello must bring another. */
  doubled(): void;
  /** Did the session end? Asked when a connection never opened. */
  isSignedOut(): Promise<boolean>;
}

export interface Surroundings {
  open(): Socket;
  after(milliseconds: number, then: () => void): () => void;
  now(): number;
  chance(): number;
}

export interface Connection {
  readonly ask: Ask;
  /** Is anybody there? Says so after at most three seconds, and starts anew if not. */
  probe(sound: boolean): void;
  /** Try again now instead of when the back-off says. */
  hurry(): void;
  leave(): void;
}

const SIGNED_OUT = 4001;
const DOUBLED = 4009;
const RESTART = 1012;
const PATIENCE = 15_000;

export function connect(listener: Listener, around: Surroundings): Connection {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Refused): void; forget(): void }>();
  let socket: Socket | null = null;
  let welcomed = false;
  let ended = false;
  let tries = 0;
  let lostSince = around.now();
  let lastId = 0;
  let cancelRetry: (() => void) | null = null;

  function open(): void {
    cancelRetry = null;
    welcomed = false;
    let opened = false;
    const mine = around.open();
    socket = mine;
    mine.onopen = () => {
      opened = true;
      mine.send(JSON.stringify({ hello: listener.hello() }));
    };
    mine.onmessage = (event) => {
      if (socket !== mine) return;
      for (const line of event.data.split("\n")) if (line) hear(JSON.parse(line) as FromServer);
    };
    mine.onclose = (event) => {
      if (socket === mine) lost(event.code, opened);
    };
  }

  function hear(line: FromServer): void {
    if ("ok" in line || "refused" in line) {
      const asked = line.id === null ? undefined : waiting.get(line.id);
      if (!asked || line.id === null) return;
      waiting.delete(line.id);
      asked.forget();
      if ("ok" in line) asked.resolve(line.ok);
      else asked.reject(new Refused(line.refused, line.text));
    } else if ("boot" in line) {
      welcomed = true;
      tries = 0;
      listener.welcomed(line);
      listener.linked({ state: "open" });
    } else {
      listener.changed(line);
    }
  }

  function lost(code: number, opened: boolean): void {
    if (tries === 0) lostSince = around.now();
    drop();
    if (ended) return;
    if (code === SIGNED_OUT) return end("signed-out");
    if (code === DOUBLED) listener.doubled();
    listener.linked({ state: "connecting", tries, since: lostSince });
    if (opened) return retry(code === RESTART);
    void listener.isSignedOut().then((out) => {
      if (ended || socket) return;
      if (out) end("signed-out");
      else retry(false);
    });
  }

  function retry(restart: boolean): void {
    // After a restart everybody comes back at once: the first try is spread over five seconds.
    const pause = restart ? around.chance() * 5000 : Math.min(10_000, 250 * 2 ** tries) * (0.5 + around.chance() / 2);
    tries += 1;
    cancelRetry?.();
    cancelRetry = around.after(pause, open);
  }

  function drop(): void {
    socket = null;
    welcomed = false;
    for (const asked of waiting.values()) {
      asked.forget();
      asked.reject(new Refused("lost", "The connection broke before Offhook answered. Please try again."));
    }
    waiting.clear();
  }

  function end(why: "signed-out" | "left"): void {
    ended = true;
    cancelRetry?.();
    listener.linked({ state: "ended", why });
  }

  function restart(): void {
    const old = socket;
    if (!old) return;
    lost(1006, true);
    old.close();
  }

  const ask: Ask = (name, fields) =>
    new Promise((resolve, reject) => {
      if (!socket || !welcomed) {
        reject(new Refused("offline", "Not connected to Offhook at the moment. It comes back by itself."));
        return;
      }
      lastId += 1;
      const id = lastId;
      const forget = around.after(PATIENCE, () => {
        waiting.delete(id);
        reject(new Refused("late", "Offhook did not answer in time. Please try again."));
      });
      waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, forget });
      socket.send(JSON.stringify({ id, ask: { do: name, ...fields } }));
    });

  open();
  return {
    ask,
    probe(sound) {
      if (!socket || !welcomed) return;
      const asked = socket;
      const forget = around.after(3000, () => {
        if (socket === asked) restart();
      });
      ask("tab.sound", { sound }).then(forget, forget);
    },
    hurry() {
      if (ended || socket) return;
      cancelRetry?.();
      open();
    },
    leave() {
      const old = socket;
      end("left");
      drop();
      old?.close(1000);
    },
  };
}

export function browser(url: string): Surroundings {
  return {
    open: () => new WebSocket(url) as unknown as Socket,
    after: (milliseconds, then) => {
      const timer = setTimeout(then, milliseconds);
      return () => {
        clearTimeout(timer);
      };
    },
    now: () => performance.now() / 1000,
    chance: Math.random,
  };
}
