/** Where the focus goes when what held it is gone: the next call, else where it was before. */
import { tick } from "svelte";

export function focusSearch(): void {
  void tick().then(() => {
    const field = document.querySelector<HTMLInputElement>("[data-search]");
    field?.focus();
    field?.select();
  });
}

/** Watch the calls; when one that held the focus ends, nobody is left in the void. */
export function focusKeeper(calls: () => readonly string[]): void {
  let before: HTMLElement | null = null;
  let inDock = false;

  $effect(() => {
    const remember = (event: FocusEvent): void => {
      const target = event.target as HTMLElement;
      // A sheet above a call is part of it: where it closes with its call, its focus is as lost.
      inDock = target.closest("[data-dock], dialog") !== null;
      if (!inDock) before = target;
    };
    document.addEventListener("focusin", remember);
    return () => {
      document.removeEventListener("focusin", remember);
    };
  });

  $effect(() => {
    void calls();
    if (!inDock) return;
    void tick().then(() => {
      if (document.activeElement && document.activeElement !== document.body) return;
      inDock = false;
      const next = document.querySelector<HTMLElement>("[data-dock] button:not([aria-disabled=true])");
      if (next) next.focus();
      else if (before?.isConnected) before.focus();
      // Not the field for names: there the single keys would be letters, and a phone would raise its keyboard.
      else document.querySelector<HTMLElement>("nav [aria-current], nav a")?.focus();
    });
  });
}

/** Up and down in a list of rows marked `data-row`. */
export function moveInRows(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const rows = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("[data-row]")];
  const here = rows.findIndex((row) => row.parentElement?.contains(document.activeElement));
  rows[here + step]?.focus();
  event.preventDefault();
}
