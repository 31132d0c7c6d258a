/** The parts of the page that nobody needs at first sight, fetched together once the rest stands. */
export { default as CallDetail } from "./CallDetail.svelte";
export { default as Settings } from "./Settings.svelte";
export { default as Sheets } from "./Sheets.svelte";
