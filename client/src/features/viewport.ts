/** How much room there is: one column, two that share, or all of them. */
import { MediaQuery } from "svelte/reactivity";

export const narrow = new MediaQuery("(max-width: 639.98px)");
export const middle = new MediaQuery("(max-width: 1023.98px)");
