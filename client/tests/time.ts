/** Time as an argument: what was put off happens when the test says so. */
export interface FakeTime {
  now: number;
  after(milliseconds: number, then: () => void): () => void;
  /** Let this many milliseconds pass. */
  pass(milliseconds: number): Promise<void>;
}

export function fakeTime(): FakeTime {
  let due: { at: number; then: () => void }[] = [];
  const time: FakeTime = {
    now: 0,
    after(milliseconds, then) {
      const entry = { at: time.now + milliseconds, then };
      due.push(entry);
      return () => {
        due = due.filter((each) => each !== entry);
      };
    },
    async pass(milliseconds) {
      const until = time.now + milliseconds;
      for (;;) {
        await settle();
        const next = due.filter((each) => each.at <= until).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        due = due.filter((each) => each !== next);
        time.now = next.at;
        next.then();
      }
      time.now = until;
    },
  };
  return time;
}

/** Let every promise that can go on go on. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
}
