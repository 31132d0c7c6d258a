/**
 * The legs whose sound this tab carries: one connection each, from attaching to letting go.
 *
 * Dialling, answering, coming back after a reload and taking over from another tab are one path: offer, attach,
 * accept. A new network keeps the connection and asks for a new way through it; a connection that this does not mend is
 * replaced. One negotiation runs at a time per leg; a wish that comes meanwhile is carried out after it.
 */
import { Refused } from "../wire/refused";
import type { Ask } from "../wire/types";
import type { Microphone } from "./microphone";
import type { MakePeer, Path, Peer } from "./peer";

/** An offer made before the leg is known, so that dialling and finding the microphone take the same moment. */
export interface Ready {
  readonly peer: Peer;
  readonly track: MediaStreamTrack;
  readonly sdp: string;
  bind(line: Line): void;
}

export interface Line {
  readonly leg: string;
  path: Path;
}

export interface Sounds {
  play(leg: string, stream: MediaStream): void;
  stop(leg: string): void;
}

export interface Phone {
  prepare(): Promise<Ready>;
  discard(ready: Ready): void;
  /** Carry this leg's sound; resolves when the server has answered. */
  attach(leg: string, ready?: Ready): Promise<void>;
  release(leg: string): void;
  releaseAll(): void;
  /** The network, the line to the server or the coding changed: offer again, for one leg or for every one. */
  renew(leg?: string): void;
  /** The microphone changed: every leg sends the new one. */
  resend(): Promise<void>;
  quiet(leg: string, silent: boolean): void;
  digits(leg: string, keys: string): boolean;
  path(leg: string): Path | null;
  carries(leg: string): boolean;
}

interface Kept extends Line {
  peer: Peer;
  track: MediaStreamTrack;
  silent: boolean;
  busy: boolean;
  again: boolean;
  /** New ways tried since sound last came through. */
  ways: number;
  cancelRetry: (() => void) | null;
}

export interface Surroundings {
  readonly ask: Ask;
  readonly microphone: Microphone;
  readonly makePeer: MakePeer;
  readonly sounds: Sounds;
  after(milliseconds: number, then: () => void): () => void;
  changed(leg: string): void;
}

/** A wobble often mends itself; a second of it is worth a new way. */
const WOBBLE = 1000;
const AGAIN = 3000;

/** After so many new ways in vain the connection itself is at fault. */
const WAYS = 2;

export function createPhone(around: Surroundings): Phone {
  const lines = new Map<string, Kept>();
  const coming = new Set<string>();

  async function prepare(): Promise<Ready> {
    const track = await around.microphone.take();
    let line: Line | null = null;
    let stream: MediaStream | null = null;
    const peer = around.makePeer(track, {
      path: (path) => {
        if (line) moved(line, path);
      },
      sound: (heard) => {
        stream = heard;
        if (line) around.sounds.play(line.leg, heard);
      },
    });
    try {
      const sdp = await peer.offer({ restart: false });
      return {
        peer,
        track,
        sdp,
        bind(bound) {
          line = bound;
          if (stream) around.sounds.play(bound.leg, stream);
        },
      };
    } catch (error) {
      peer.close();
      around.microphone.release(track);
      throw error;
    }
  }

  function discard(ready: Ready): void {
    ready.peer.close();
    around.microphone.release(ready.track);
  }

  async function attach(leg: string, given?: Ready): Promise<void> {
    if (coming.has(leg)) {
      if (given) discard(given);
      return;
    }
    coming.add(leg);
    try {
      const ready = given ?? (await prepare());
      release(leg);
      const { peer, track } = ready;
      const line: Kept = {
        leg, peer, track, path: "opening", silent: false, busy: true, again: false, ways: 0, cancelRetry: null,
      }; // prettier-ignore
      lines.set(leg, line);
      ready.bind(line);
      around.changed(leg);
      try {
        await peer.accept((await around.ask("leg.attach", { leg, sdp: ready.sdp })).sdp);
      } catch (error) {
        if (lines.get(leg) === line) release(leg);
        throw error;
      }
      settled(line);
    } finally {
      coming.delete(leg);
    }
  }

  function settled(line: Kept): void {
    line.busy = false;
    if (!line.again || lines.get(line.leg) !== line) return;
    line.again = false;
    void negotiate(line);
  }

  async function negotiate(line: Kept): Promise<void> {
    if (line.busy) {
      line.again = true;
      return;
    }
    line.busy = true;
    if (line.path !== "open") line.ways += 1;
    line.cancelRetry?.();
    line.cancelRetry = null;
    try {
      const sdp = await line.peer.offer({ restart: true });
      await line.peer.accept((await around.ask("leg.attach", { leg: line.leg, sdp })).sdp);
    } catch (error) {
      if (lines.get(line.leg) !== line) return;
      // Without a line to the server there is nobody to ask; its return renews us. Any other refusal may pass.
      if (!(error instanceof Refused && (error.word === "offline" || error.word === "lost"))) retry(line, AGAIN);
    }
    settled(line);
  }

  function retry(line: Kept, pause: number): void {
    line.cancelRetry ??= around.after(pause, () => {
      line.cancelRetry = null;
      if (lines.get(line.leg) !== line || line.path === "open") return;
      // Where even that fails, the leg is without a carrier, and whoever looks at the call is asked what to do.
      if (line.ways >= WAYS) attach(line.leg).catch(() => undefined);
      else void negotiate(line);
    });
  }

  function moved(line: Line, path: Path): void {
    const kept = lines.get(line.leg);
    if (kept !== line) return;
    kept.path = path;
    if (path === "open") kept.ways = 0;
    if (path === "interrupted") retry(kept, WOBBLE);
    if (path === "broken") retry(kept, AGAIN);
    around.changed(line.leg);
  }

  function release(leg: string): void {
    const line = lines.get(leg);
    if (!line) return;
    lines.delete(leg);
    line.cancelRetry?.();
    line.peer.close();
    around.microphone.release(line.track);
    around.sounds.stop(leg);
    around.changed(leg);
  }

  return {
    prepare,
    discard,
    attach,
    release,
    releaseAll() {
      for (const leg of [...lines.keys()]) release(leg);
    },
    renew(leg) {
      for (const line of lines.values()) if (leg === undefined || leg === line.leg) void negotiate(line);
    },
    async resend() {
      for (const line of lines.values()) {
        const track = await around.microphone.take();
        track.enabled = !line.silent;
        const old = line.track;
        line.track = track;
        await line.peer.send(track);
        around.microphone.release(old);
      }
    },
    quiet(leg, silent) {
      const line = lines.get(leg);
      if (!line) return;
      line.silent = silent;
      line.track.enabled = !silent;
    },
    digits: (leg, keys) => lines.get(leg)?.peer.digits(keys) ?? false,
    path: (leg) => lines.get(leg)?.path ?? null,
    carries: (leg) => lines.has(leg),
  };
}
