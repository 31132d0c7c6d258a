/** How loud the microphone is, for a bar: 0 is silence, 1 as loud as it gets. */
export interface Meter {
  read(): number;
  close(): void;
}

export function createMeter(track: MediaStreamTrack): Meter {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return {
    read() {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      const decibels = 10 * Math.log10(power + 1e-9);
      return Math.max(0, Math.min(1, (decibels + 60) / 54));
    },
    close: () => void context.close(),
  };
}
