/**
 * The microphone: asked for when a call needs it, shared by all legs of this tab, let go with the last of them.
 */
export type MicrophoneTrouble = "denied" | "missing" | "busy" | "insecure";

export class NoMicrophone extends Error {
  constructor(readonly trouble: MicrophoneTrouble) {
    super(trouble);
    this.name = "NoMicrophone";
  }
}

export interface Microphone {
  /** A track of its own for one user of the sound; give it back with `release`. */
  take(): Promise<MediaStreamTrack>;
  release(track: MediaStreamTrack): void;
  choose(deviceId: string): void;
}

/** `replaced` is told when the sound comes from another device from now on. */
export function createMicrophone(replaced: () => void): Microphone {
  const taken = new Set<MediaStreamTrack>();
  let chosen = "";
  let source: Promise<MediaStreamTrack> | null = null;

  function open(): Promise<MediaStreamTrack> {
    source ??= capture(chosen).then(
      (track) => {
        track.addEventListener("ended", change);
        return track;
      },
      (error: unknown) => {
        source = null;
        throw error;
      },
    );
    return source;
  }

  function close(): void {
    const old = source;
    source = null;
    void old?.then((track) => {
      track.removeEventListener("ended", change);
      track.stop();
    }, ignore);
  }

  function change(): void {
    if (taken.size === 0) return;
    close();
    replaced();
  }

  return {
    async take() {
      const track = (await open()).clone();
      taken.add(track);
      return track;
    },
    release(track) {
      track.stop();
      taken.delete(track);
      if (taken.size === 0) close();
    },
    choose(deviceId) {
      if (deviceId === chosen) return;
      chosen = deviceId;
      change();
    },
  };
}

async function capture(deviceId: string): Promise<MediaStreamTrack> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) throw new NoMicrophone("insecure");
  const clean = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  try {
    const stream = await devices
      .getUserMedia({ audio: deviceId ? { ...clean, deviceId: { exact: deviceId } } : clean })
      .catch((error: unknown) => {
        // A remembered headset that is not plugged in today must not cost the call.
        if (deviceId && nameOf(error) !== "NotAllowedError") return devices.getUserMedia({ audio: clean });
        throw error;
      });
    const track = stream.getAudioTracks()[0];
    if (!track) throw new NoMicrophone("missing");
    return track;
  } catch (error) {
    throw error instanceof NoMicrophone ? error : new NoMicrophone(troubleOf(nameOf(error)));
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

function troubleOf(name: string): MicrophoneTrouble {
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  return name === "NotFoundError" || name === "OverconstrainedError" ? "missing" : "busy";
}

function ignore(): void {
  // Whoever asked for the microphone has already been told that there is none.
}
