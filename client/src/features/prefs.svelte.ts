/** What this browser remembers: looks, sound devices, habits. Never anything about calls or people. */
export type Theme = "system" | "light" | "dark";
export type Density = "comfortable" | "compact";

export interface Prefs {
  theme: Theme;
  density: Density;
  microphone: string;
  speaker: string;
  ringer: string;
  ringInBackground: boolean;
  singleKeys: boolean;
  missedSeen: number;
}

const KEY = "offhook.prefs";
const first: Prefs = {
  theme: "system",
  density: "comfortable",
  microphone: "",
  speaker: "",
  ringer: "",
  ringInBackground: false,
  singleKeys: true,
  missedSeen: 0,
};

export const prefs: Prefs = $state({ ...first, ...read() });

export function prefer(changes: Partial<Prefs>): void {
  Object.assign(prefs, changes);
  try {
    // Upon what is kept now, which another tab may have changed.
    localStorage.setItem(KEY, JSON.stringify({ ...prefs, ...read(), ...changes }));
  } catch {
    // A browser that keeps nothing still works; it only forgets.
  }
  showLook();
}

/** Another tab has looked at the call list. Everything else it prefers stays its own until a reload. */
export function seenElsewhere(): void {
  prefs.missedSeen = Math.max(prefs.missedSeen, read().missedSeen ?? 0);
}

export function showLook(): void {
  const root = document.documentElement;
  if (prefs.theme === "system") delete root.dataset["theme"];
  else root.dataset["theme"] = prefs.theme;
  root.dataset["density"] = prefs.density;
}

function read(): Partial<Prefs> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Prefs>;
  } catch {
    return {};
  }
}
