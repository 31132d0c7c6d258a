/** The server's time, ticking each second for whoever reads it. The page's own clock is never trusted. */
import { createSubscriber } from "svelte/reactivity";

export interface Clock {
  readonly now: number;
  set(time: number): void;
}

export function createClock(): Clock {
  let offset = Date.now() / 1000 - performance.now() / 1000;
  const subscribe = createSubscriber((update) => {
    const timer = setInterval(update, 250);
    return () => {
      clearInterval(timer);
    };
  });
  return {
    get now() {
      subscribe();
      return Math.floor((offset + performance.now() / 1000) * 4) / 4;
    },
    set(time) {
      offset = time - performance.now() / 1000;
    },
  };
}
