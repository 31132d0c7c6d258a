/** The parts of the settings, in their order. */
import type { IconName } from "../ui/icons";

export interface Part {
  readonly id: string;
  readonly name: string;
  readonly under: string;
  readonly icon: IconName;
}

export const parts: readonly Part[] = [
  { id: "sound", name: "Devices & sound", under: "Which phone your calls use, and how this computer sounds", icon: "headset" },
  { id: "calls", name: "Calls", under: "When calls may reach you, and codes for your desk phone", icon: "phone" },
  { id: "forwarding", name: "Forwarding", under: "Where your calls go when you do not take them", icon: "phone-forward" },
  { id: "mobiles", name: "Mobile phones", under: "Phones outside that ring with your devices", icon: "mobile" },
  { id: "notices", name: "Notifications", under: "How a call finds you", icon: "bell" },
  { id: "look", name: "Look", under: "Light or dark, roomy or dense", icon: "look" },
  { id: "keys", name: "Shortcuts", under: "Everything works without a mouse", icon: "keyboard" },
  { id: "password", name: "Password", under: "Only you know it", icon: "lock" },
];
