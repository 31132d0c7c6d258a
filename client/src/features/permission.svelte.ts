/** May this browser use the microphone? Watched, because the answer can change in the address bar at any time. */
import type { MicrophoneTrouble } from "../phone/microphone";

export type Permission = "granted" | "prompt" | MicrophoneTrouble;

export const permission: { state: Permission } = $state({ state: "prompt" });

let known: () => void;
/** Settles when the browser has first said how things stand; until then `permission` is a guess. */
export const permissionKnown = new Promise<void>((resolve) => {
  known = resolve;
});

/** `changed` is called when it becomes, or stops being, possible to carry sound. */
export async function watchPermission(changed: () => void): Promise<void> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) {
    permission.state = "insecure";
    known();
    return;
  }
  const look = async (): Promise<void> => {
    const before = permission.state;
    permission.state = await current(devices);
    if (before !== permission.state) changed();
  };
  devices.addEventListener("devicechange", () => void look());
  try {
    const status = await navigator.permissions.query({ name: "microphone" as PermissionName });
    status.onchange = () => void look();
  } catch {
    // A browser that does not tell is asked when it matters.
  }
  await look().finally(known);
}

export function canCarrySound(): boolean {
  return permission.state === "granted" || permission.state === "prompt" || permission.state === "busy";
}

async function current(devices: MediaDevices): Promise<Permission> {
  const inputs = (await devices.enumerateDevices()).filter((device) => device.kind === "audioinput");
  if (inputs.length === 0) return "missing";
  try {
    const status = await navigator.permissions.query({ name: "microphone" as PermissionName });
    return status.state;
  } catch {
    return inputs.some((device) => device.label) ? "granted" : "prompt";
  }
}
