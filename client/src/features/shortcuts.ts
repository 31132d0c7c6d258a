/** Keys and what they do. Single keys sleep while something is being typed or a sheet is open. */
export type Wish =
  | { readonly do: Deed }
  | { readonly do: "digit"; readonly key: string };

export type Deed =
  | "search" | "answer" | "decline" | "hang-up" | "mute" | "hold" | "keypad"
  | "transfer" | "park" | "next" | "take" | "help"; // prettier-ignore

const singles: Readonly<Record<string, Deed>> = {
  "/": "search", "?": "help", m: "mute", h: "hold", k: "keypad", t: "transfer", p: "park", n: "next", u: "take",
}; // prettier-ignore

export interface Line {
  readonly keys: readonly string[];
  readonly what: string;
}

export const chart: readonly { readonly name: string; readonly lines: readonly Line[] }[] = [
  {
    name: "Anywhere",
    lines: [
      { keys: ["Ctrl K", "/"], what: "Search or dial" },
      { keys: ["U"], what: "To what waits: pick up, retrieve" },
      { keys: ["?"], what: "This help" },
      { keys: ["Esc"], what: "Close, clear, back" },
    ],
  },
  {
    name: "A call rings",
    lines: [
      { keys: ["Ctrl Shift A"], what: "Answer" },
      { keys: ["Ctrl Shift D"], what: "Decline" },
      { keys: ["T"], what: "Redirect" },
    ],
  },
  {
    name: "Lists",
    lines: [
      { keys: ["Arrows"], what: "Move" },
      { keys: ["Enter"], what: "Open; in the search field: call" },
      { keys: ["Shift Enter"], what: "Call the person" },
    ],
  },
  {
    name: "In a call",
    lines: [
      { keys: ["M", "Ctrl Shift M"], what: "Mute, and back" },
      { keys: ["H"], what: "Hold, and back" },
      { keys: ["N"], what: "Next call" },
      { keys: ["T"], what: "Transfer, connect, conference" },
      { keys: ["P"], what: "Park" },
      { keys: ["K"], what: "Open or close the keypad" },
      { keys: ["0–9 * #"], what: "Keys, when the call has the focus" },
      { keys: ["Ctrl Shift H"], what: "End call" },
    ],
  },
  {
    name: "While handing on",
    lines: [
      { keys: ["Enter"], what: "Transfer now" },
      { keys: ["Shift Enter"], what: "Ask first" },
    ],
  },
];

export function shortcut(event: KeyboardEvent, { single }: { single: boolean }): Wish | null {
  if (event.defaultPrevented || event.altKey) return null;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (event.shiftKey) {
      const wishes = { a: "answer", d: "decline", h: "hang-up", m: "mute" } as const;
      return key in wishes ? { do: wishes[key as keyof typeof wishes] } : null;
    }
    return key === "k" ? { do: "search" } : null;
  }
  if (!single || isBusy(event.target)) return null;
  if (event.target instanceof HTMLElement && event.target.closest("[data-digits]") && /^[\d*#]$/.test(key))
    return { do: "digit", key };
  const deed = singles[key];
  return deed ? { do: deed } : null;
}

function isBusy(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.closest("input:not([type=radio]), textarea, select, [contenteditable], dialog, [popover]") !== null;
}
