/** What a first look at the page does not need; fetched as one piece right after it, so that it is there when asked for. */
export { default as AccountMenu } from "./AccountMenu.svelte";
export { default as CallDetail } from "./CallDetail.svelte";
export { default as CallsColumn } from "./CallsColumn.svelte";
export { default as Keypad } from "./Keypad.svelte";
export { default as MicrophoneSheet } from "./MicrophoneSheet.svelte";
export { default as Settings } from "./Settings.svelte";
export { default as SettingsList } from "./SettingsList.svelte";
export { default as Sheets } from "./Sheets.svelte";
export { default as Timeline } from "./Timeline.svelte";
export { default as TransferSheet } from "./TransferSheet.svelte";
export { default as Works } from "./Works.svelte";
