/** Where the far side is heard: one player per leg, all on the chosen speaker. */
import type { Sounds } from "./phone";

export interface Ear extends Sounds {
  choose(deviceId: string): void;
  /** The browser may refuse sound before a gesture; after one, try again. */
  retry(): void;
  /** A short tone on the chosen speaker. */
  test(): void;
}

export function createEar(blocked: () => void): Ear {
  const players = new Map<string, HTMLAudioElement>();
  let chosen = "";

  function start(player: HTMLAudioElement): void {
    player.play().catch((error: unknown) => {
      if (error instanceof Error && error.name === "NotAllowedError") blocked();
    });
  }

  return {
    play(leg, stream) {
      const player = players.get(leg) ?? new Audio();
      players.set(leg, player);
      player.srcObject = stream;
      void sink(player, chosen);
      start(player);
    },
    stop(leg) {
      const player = players.get(leg);
      if (!player) return;
      player.pause();
      player.srcObject = null;
      players.delete(leg);
    },
    choose(deviceId) {
      chosen = deviceId;
      for (const player of players.values()) void sink(player, deviceId);
    },
    retry() {
      for (const player of players.values()) if (player.paused) start(player);
    },
    test() {
      const context = new AudioContext();
      const out = context.createMediaStreamDestination();
      const player = new Audio();
      player.srcObject = out.stream;
      const tone = context.createOscillator();
      const volume = context.createGain();
      volume.gain.setValueAtTime(0, context.currentTime);
      volume.gain.linearRampToValueAtTime(0.25, context.currentTime + 0.02);
      volume.gain.linearRampToValueAtTime(0, context.currentTime + 0.7);
      tone.frequency.value = 660;
      tone.connect(volume).connect(out);
      void sink(player, chosen).then(() => player.play());
      tone.start();
      tone.stop(context.currentTime + 0.75);
      tone.onended = () => {
        player.srcObject = null;
        void context.close();
      };
    },
  };
}

/** Send a player's sound to a device; where the browser cannot, or the device is gone, the default plays it. */
export async function sink(player: HTMLAudioElement, deviceId: string): Promise<void> {
  if (!("setSinkId" in player)) return;
  try {
    await player.setSinkId(deviceId);
  } catch {
    if (deviceId) await player.setSinkId("").catch(() => undefined);
  }
}
