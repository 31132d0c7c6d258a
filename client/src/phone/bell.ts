/**
 * The ring tone, made of two soft notes, on the chosen ringer.
 *
 * Of several tabs in one browser one rings: whoever holds the lock. A tab the browser keeps silent before a gesture
 * does not take the lock; it says so instead.
 */
import { sink } from "./ear";

export interface Bell {
  ring(): void;
  silence(): void;
  choose(deviceId: string): void;
  /** A gesture happened: sound is allowed from now on. */
  wake(): void;
  /** One ring, to hear what it is like. */
  test(): void;
}

export function createBell(blocked: (silent: boolean) => void): Bell {
  let context: AudioContext | null = null;
  let player: HTMLAudioElement | null = null;
  let output: MediaStreamAudioDestinationNode | null = null;
  let chosen = "";
  let ringing = false;
  let stop: (() => void) | null = null;

  function ready(): AudioContext {
    if (context && output && player) return context;
    context = new AudioContext();
    output = context.createMediaStreamDestination();
    player = new Audio();
    player.srcObject = output.stream;
    return context;
  }

  async function start(): Promise<void> {
    const sounding = ready();
    await Promise.race([sounding.resume(), new Promise((resolve) => setTimeout(resolve, 250))]);
    if (!ringing) return;
    if (sounding.state !== "running") return blocked(true);
    blocked(false);
    await alone(async (until) => {
      if (!ringing || !player) return;
      await sink(player, chosen);
      await player.play().catch(() => {
        blocked(true);
      });
      const source = tone(sounding, true);
      stop = () => {
        source.stop();
        player?.pause();
        stop = null;
        until.resolve();
      };
      if (!ringing) stop();
      await until.promise;
    });
  }

  function tone(sounding: AudioContext, loop: boolean): AudioBufferSourceNode {
    const source = sounding.createBufferSource();
    source.buffer = melody(sounding);
    source.loop = loop;
    if (output) source.connect(output);
    source.start();
    return source;
  }

  function silence(): void {
    ringing = false;
    blocked(false);
    stop?.();
    void context?.suspend();
  }

  return {
    ring() {
      if (ringing) return;
      ringing = true;
      void start();
    },
    silence,
    choose(deviceId) {
      chosen = deviceId;
      if (player) void sink(player, deviceId);
    },
    wake() {
      if (ringing && !stop) void start();
    },
    test() {
      if (ringing) return;
      const sounding = ready();
      void sounding.resume().then(async () => {
        if (!player) return;
        await sink(player, chosen);
        await player.play();
        tone(sounding, false).onended = () => {
          if (!ringing) player?.pause();
        };
      });
    },
  };
}

/** Run `work` when no other tab of this browser rings. */
async function alone(work: (until: PromiseWithResolvers<void>) => Promise<void>): Promise<void> {
  const until = Promise.withResolvers<void>();
  const locks = navigator.locks as LockManager | undefined;
  if (locks) await locks.request("offhook-ring", () => work(until));
  else await work(until);
}

/** Three seconds: two pairs of notes, then quiet. */
function melody(context: AudioContext): AudioBuffer {
  const rate = context.sampleRate;
  const buffer = context.createBuffer(1, rate * 3, rate);
  const out = buffer.getChannelData(0);
  for (const [at, pitch] of [[0, 587.3], [0.18, 740], [0.7, 587.3], [0.88, 740]] as const) // prettier-ignore
    for (let i = 0; i < rate * 0.6; i += 1) {
      const t = i / rate;
      const envelope = Math.min(1, t / 0.012) * Math.exp(-t * 6.5);
      const wave = Math.sin(2 * Math.PI * pitch * t) + 0.35 * Math.sin(4 * Math.PI * pitch * t);
      const index = Math.floor(at * rate) + i;
      out[index] = (out[index] ?? 0) + 0.28 * envelope * wave;
    }
  return buffer;
}
