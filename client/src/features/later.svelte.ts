/** The second piece of the page: `later.rest` is there soon after the first. */
import { sayTrouble } from "./toasts.svelte";

type Rest = typeof import("./rest");

const state: { rest: Rest | null } = $state({ rest: null });

export const later = state;

/** Fetch it; whoever is without a line then is asked to try again when something of it is needed. */
export function fetchRest(needed: () => boolean): void {
  import("./rest").then(
    (rest) => {
      state.rest = rest;
    },
    () => {
      if (needed())
        sayTrouble("A part of the page did not load. It may have been renewed meanwhile.", {
          name: "Reload",
          run: () => {
            location.reload();
          },
        });
      setTimeout(() => {
        fetchRest(needed);
      }, 5000);
    },
  );
}
