/** How a call sounds, in bars and words. */
import type { Quality } from "../wire/types";

export interface Grade {
  readonly bars: 1 | 2 | 3 | 4;
  readonly word: "Good" | "Fair" | "Weak" | "Poor";
}

/** What listeners say of such sound (MOS, ITU-T G.107): above 4 they are pleased, below 3.1 nearly all are not. */
export function grade(quality: Quality): Grade {
  if (quality.mos >= 4) return { bars: 4, word: "Good" };
  if (quality.mos >= 3.6) return { bars: 3, word: "Fair" };
  return quality.mos >= 3.1 ? { bars: 2, word: "Weak" } : { bars: 1, word: "Poor" };
}

/** "Loss 0.1 % here, 6 % there, jitter 4 ms, round trip 38 ms". */
export function figures(quality: Quality): string {
  const whole = (milliseconds: number): string => `${Math.round(milliseconds)} ms`;
  const parts = [
    `Loss ${percent(quality.loss)} here, ${percent(quality.far_loss)} there`,
    `jitter ${whole(quality.jitter)}`,
    quality.round_trip === null ? "" : `round trip ${whole(quality.round_trip)}`,
  ];
  return parts.filter(Boolean).join(", ");
}

function percent(fraction: number): string {
  const value = fraction * 100;
  return `${value === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} %`;
}
