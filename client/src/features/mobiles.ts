/** How a mobile rings, in words. */
import type { Device, Mobile } from "../wire/types";

export type MobileDevice = Device & { readonly mobile: Mobile };

export function mobilesOf(devices: readonly Device[]): readonly MobileDevice[] {
  return devices.filter((device): device is MobileDevice => !!device.mobile);
}

export const fresh: Mobile = { number: "", shown: "", enabled: true, delay: 0, min_alert: 0, max_alert: 0, call_waiting: true };

/** "Rings after 10 s, for 20 s at most; not while you are on the phone". */
export function mannerWords({ enabled, delay, min_alert, max_alert, call_waiting }: Mobile): string {
  if (!enabled) return "Does not ring";
  const begins = delay ? `Rings after ${delay} s` : "Rings with your devices";
  const ends = max_alert ? `, for ${max_alert} s at most` : "";
  const mailbox = min_alert ? `; an answer within ${min_alert} s is taken for its mailbox` : "";
  return `${begins}${ends}${mailbox}${call_waiting ? "" : "; not while you are on the phone"}`;
}

/** Values to choose from, the present one among them. */
export function choices(usual: readonly number[], present: number): readonly number[] {
  return [...new Set([...usual, present])].sort((a, b) => a - b);
}
