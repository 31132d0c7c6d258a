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
    localStorage.setItem(KEY, JSON.stringify(prefs));
  } catch {
    // A browser that keeps nothing still works; it only forgets.
  }
  showLook();
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
