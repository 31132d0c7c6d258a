/**
 * The icons' drawings on a 24-unit square, stroked. Most are from Lucide (ISC licence, lucide.dev);
 * `desk-phone` and `hang-up` are ours. They are laid into the page once and shown by reference.
 */
const handset =
  "M13.832 16.568a1 1 0 0 0 1.213-.303l.355-.465A2 2 0 0 1 17 15h3a2 2 0 0 1 2 2v3a2 2 0 0 1-2 2A18 18 0 0 1 2 4a2 2 0 0 1 2-2h3a2 2 0 0 1 2 2v3a2 2 0 0 1-.8 1.6l-.468.351a1 1 0 0 0-.292 1.233 14 14 0 0 0 6.392 6.384";

const dot = (x: number, y: number): string => `M${x - 0.01} ${y}h.02`;

export const icons = {
  phone: handset,
  "hang-up":
    "M3.2 15.6 2.5 13.4a2.4 2.4 0 0 1 .8-2.5c4.9-3.8 12.5-3.8 17.4 0a2.4 2.4 0 0 1 .8 2.5l-.7 2.2a2 2 0 0 1-2.3 1.4l-2.1-.4a2 2 0 0 1-1.6-1.7l-.3-1.8a11.6 11.6 0 0 0-5 0l-.3 1.8a2 2 0 0 1-1.6 1.7l-2.1.4a2 2 0 0 1-2.3-1.4z",
  "phone-in": `M16 2v6h6M22 2l-6 6${handset}`,
  "phone-out": `M16 8l6-6M22 8V2h-6${handset}`,
  "phone-missed": `M16 2l6 6M22 2l-6 6${handset}`,
  "phone-forward": `M14 6h8M18 2l4 4-4 4${handset}`,
  park: "M5 3h14a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zM9.5 17V7H13a3 3 0 0 1 0 6H9.5",
  merge: "m8 6 4-4 4 4M12 2v10.300a4 4 0 0 1-1.172 2.872L4 22M20 22l-5-5",
  move: "M3 12h12M11 8l4 4-4 4M20 5v14",
  search: "m21 21-4.34-4.34M3 11a8 8 0 1 0 16 0 8 8 0 1 0-16 0",
  people:
    "M16 21v-2a4 4 0 0 0-4-4H6a4 4 0 0 0-4 4v2M16 3.128a4 4 0 0 1 0 7.744M22 21v-2a4 4 0 0 0-3-3.87M5 7a4 4 0 1 0 8 0 4 4 0 1 0-8 0",
  person: "M19 21v-2a4 4 0 0 0-4-4H9a4 4 0 0 0-4 4v2M8 7a4 4 0 1 0 8 0 4 4 0 1 0-8 0",
  settings: "M10 5H3M12 19H3M14 3v4M16 17v4M21 12h-9M21 19h-5M21 5h-7M8 10v4M8 12H3",
  microphone: "M12 19v3M19 10v2a7 7 0 0 1-14 0v-2M12 2a3 3 0 0 1 3 3v7a3 3 0 0 1-6 0V5a3 3 0 0 1 3-3z",
  "microphone-off": "M12 19v3M15 9.3V5a3 3 0 0 0-5.7-1.300M17 17A7 7 0 0 1 5 12v-2M19 10v2q0 .6-.1 1.2M2 2l20 20M9 9v3a3 3 0 0 0 5.1 2.1",
  pause: "M7 4h2a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM15 4h2a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1h-2a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1z",
  keypad: [5, 12, 19].flatMap((y) => [5, 12, 19].map((x) => dot(x, y))).join(""),
  headset: "M4 14v-2a8 8 0 0 1 16 0v2M4 13h2a2 2 0 0 1 2 2v3a2 2 0 0 1-2 2 2 2 0 0 1-2-2zM20 13h-2a2 2 0 0 0-2 2v3a2 2 0 0 0 2 2 2 2 0 0 0 2-2zM20 18c0 2-2 3.5-5 3.5h-2",
  "desk-phone":
    "M5 8.5 3 9V6.5A2.5 2.5 0 0 1 5.5 4h13A2.5 2.5 0 0 1 21 6.5V9l-2-.5-1-1.5H6zM6.5 10 4 17.5A2 2 0 0 0 5.9 20h12.2a2 2 0 0 0 1.9-2.5L17.5 10M9.49 12.5h.02M11.99 12.5h.02M14.49 12.5h.02M9.49 16h.02M11.99 16h.02M14.49 16h.02",
  mobile: "M7 2h10a2 2 0 0 1 2 2v16a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2zM11.99 18h.02",
  "chevron-up": "m18 15-6-6-6 6",
  "chevron-down": "m6 9 6 6 6-6",
  "chevron-left": "m15 18-6-6 6-6",
  "chevron-right": "m9 18 6-6-6-6",
  close: "M18 6 6 18M6 6l12 12",
  check: "M20 6 9 17l-5-5",
  bell: "M10.268 21a2 2 0 0 0 3.464 0M3.262 15.326A1 1 0 0 0 4 17h16a1 1 0 0 0 .74-1.673C19.41 13.956 18 12.499 18 8A6 6 0 0 0 6 8c0 4.499-1.411 5.956-2.738 7.326",
  warning: "m21.73 18-8-14a2 2 0 0 0-3.48 0l-8 14A2 2 0 0 0 4 21h16a2 2 0 0 0 1.73-3M12 9v4M11.99 17h.02",
  info: "M2 12a10 10 0 1 0 20 0 10 10 0 1 0-20 0M12 16v-4M11.99 8h.02",
  look: "M8 12a4 4 0 1 0 8 0 4 4 0 1 0-8 0M12 2v2M12 20v2M4.93 4.93l1.41 1.41M17.66 17.66l1.41 1.41M2 12h2M20 12h2M6.34 17.66l-1.41 1.41M19.07 4.93l-1.41 1.41",
  "sign-out": "m16 17 5-5-5-5M21 12H9M9 21H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2h4",
  lock: "M5 11h14a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2zM7 11V7a5 5 0 0 1 10 0v4",
  speaker: "M11 5 6 9H3a1 1 0 0 0-1 1v4a1 1 0 0 0 1 1h3l5 4zM15.5 8.5a5 5 0 0 1 0 7M19 5a10 10 0 0 1 0 14",
  erase: "M9 5h11a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H9l-7-7zM12 9l6 6M18 9l-6 6",
  eye: "M2 12s3.5-7 10-7 10 7 10 7-3.5 7-10 7-10-7-10-7zM9 12a3 3 0 1 0 6 0 3 3 0 1 0-6 0",
  again: "M21 12a9 9 0 1 1-9-9c2.5 0 4.9 1 6.7 2.700L21 8M21 3v5h-5",
  keyboard: "M4 5h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2zM6 10h12M8 14h8",
  incoming: "M17 7 7 17M17 17H7V7",
  outgoing: "M7 7h10v10M7 17 17 7",
  clock: "M2 12a10 10 0 1 0 20 0 10 10 0 1 0-20 0M12 6v6l4 2",
  swap: "M8 3 4 7l4 4M4 7h16M16 21l4-4-4-4M20 17H4",
  download: "M12 15V3M21 15v4a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-4M7 10l5 5 5-5",
  copy: "M10 8h10a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H10a2 2 0 0 1-2-2V10a2 2 0 0 1 2-2zM4 16a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2h10a2 2 0 0 1 2 2",
  quiet: "M2 12a10 10 0 1 0 20 0 10 10 0 1 0-20 0M8 12h8",
  tab: "M5 3h14a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zM3 9h18",
} as const;

export type IconName = keyof typeof icons;

export function layIcons(): void {
  const drawings = Object.entries(icons).map(
    ([name, path]) => `<symbol id="icon-${name}" viewBox="0 0 24 24"><path class="${name}" d="${path}"/></symbol>`,
  );
  const sheet = document.createElement("div");
  sheet.hidden = true;
  sheet.innerHTML = `<svg>${drawings.join("")}</svg>`;
  document.body.append(sheet);
}
