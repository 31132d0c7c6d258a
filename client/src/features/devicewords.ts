/** Devices and their state in words. */
import type { IconName } from "../ui/icons";
import type { Device } from "../wire/types";
import type { Permission } from "./permission.svelte";

export interface DeviceState {
  readonly words: string;
  readonly tone: "ok" | "warn" | "off";
}

export function deviceIcon(device: Device | undefined): IconName {
  return device?.kind === "browser" ? "headset" : device?.kind === "mobile" ? "mobile" : "desk-phone";
}

/** Whether it can ring now. Of a mobile nobody knows more than whether it shall. */
export function isThere({ mobile, reachable }: Device): boolean {
  return mobile ? mobile.enabled : reachable;
}

export function deviceState(device: Device | undefined, allowed: Permission, stale: boolean): DeviceState {
  if (!device) return { words: "No device", tone: "off" };
  if (stale) return { words: "Not known at the moment", tone: "off" };
  if (device.mobile) {
    const { enabled, number, shown } = device.mobile;
    return enabled ? { words: shown || number, tone: "ok" } : { words: "Switched off", tone: "off" };
  }
  if (device.kind !== "browser") {
    if (!device.reachable) return { words: "Not connected", tone: "off" };
    return { words: device.contacts > 1 ? `Connected in ${device.contacts} places` : "Connected", tone: "ok" };
  }
  return allowed === "granted" || allowed === "busy"
    ? { words: "Ready", tone: "ok" }
    : { words: microphoneWords(allowed), tone: "warn" };
}

export function microphoneWords(allowed: Permission): string {
  switch (allowed) {
    case "granted":
    case "busy":
      return "Microphone ready";
    case "prompt":
      return "Needs your microphone";
    case "denied":
      return "Microphone blocked";
    case "missing":
      return "No microphone found";
    case "insecure":
      return "Needs a secure address";
  }
}
