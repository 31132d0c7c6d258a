/** Keys and what they do. Single keys sleep while something is being typed or a sheet is open. */
export type Wish =
  | { readonly do: "search" | "answer" | "decline" | "hang-up" | "mute" | "hold" | "keypad" | "help" }
  | { readonly do: "digit"; readonly key: string };

export const chart: readonly { readonly keys: readonly string[]; readonly what: string }[] = [
  { keys: ["Ctrl K", "/"], what: "Search or dial" },
  { keys: ["Ctrl Shift A"], what: "Answer" },
  { keys: ["Ctrl Shift D"], what: "Decline" },
  { keys: ["Ctrl Shift H"], what: "End the call" },
  { keys: ["M", "Ctrl Shift M"], what: "Mute, and back" },
  { keys: ["H"], what: "Hold, and back" },
  { keys: ["K"], what: "Open or close the keypad" },
  { keys: ["0–9 * #"], what: "Keys into the call, when it has the focus" },
  { keys: ["Arrows"], what: "Move in a list" },
  { keys: ["Enter"], what: "Open; in the search field: call" },
  { keys: ["Shift Enter"], what: "Call the person in the list" },
  { keys: ["?"], what: "This page" },
  { keys: ["Esc"], what: "Close, clear, back" },
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
  const wishes = { "/": "search", "?": "help", m: "mute", h: "hold", k: "keypad" } as const;
  return key in wishes ? { do: wishes[key as keyof typeof wishes] } : null;
}

function isBusy(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.closest("input:not([type=radio]), textarea, select, [contenteditable], dialog, [popover]") !== null;
}
