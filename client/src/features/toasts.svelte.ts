/** One short message at a time; errors stay until closed. */
export interface Toast {
  readonly id: number;
  readonly tone: "fine" | "trouble";
  readonly text: string;
  readonly action: { readonly name: string; readonly run: () => void } | null;
}

let last = 0;
const state: { toast: Toast | null } = $state({ toast: null });

export const toasts = state;

export function say(text: string, action: Toast["action"] = null): void {
  show("fine", text, action);
}

export function sayTrouble(text: string, action: Toast["action"] = null): void {
  show("trouble", text, action);
}

export function closeToast(): void {
  state.toast = null;
}

function show(tone: Toast["tone"], text: string, action: Toast["action"]): void {
  last += 1;
  state.toast = { id: last, tone, text, action };
}
