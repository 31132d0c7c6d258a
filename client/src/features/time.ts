/** Times as people read them. Formatters are made once: making one costs more than a row of the list. */
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const second = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "long" });
const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long" });
const dated = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });

/** 04:12, or 1:04:12 from an hour on. */
export function timer(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number): string => `${value}`.padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

/** 18 s, 4 min 30 s, 1 h 05 min. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 ? `${minutes} min ${`${whole % 60}`.padStart(2, "0")} s` : `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${`${minutes % 60}`.padStart(2, "0")} min`;
}

/** A wait in words, rounded up: nobody should come back too early. */
export function wait(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds));
  if (whole < 60) return whole === 1 ? "1 second" : `${whole} seconds`;
  const minutes = Math.ceil(whole / 60);
  return minutes === 1 ? "1 minute" : `${minutes} minutes`;
}

export function clockTime(unix: number): string {
  return clock.format(unix * 1000);
}

export function clockSeconds(unix: number): string {
  return second.format(unix * 1000);
}

/** Today, Yesterday, Tuesday, 14 March, 14 March 2025. */
export function day(unix: number, now: number): string {
  const age = daysBetween(unix, now);
  if (age <= 0) return "Today";
  if (age === 1) return "Yesterday";
  if (age < 7) return weekday.format(unix * 1000);
  const sameYear = new Date(unix * 1000).getFullYear() === new Date(now * 1000).getFullYear();
  return (sameYear ? date : dated).format(unix * 1000);
}

/** "11:20" today, "Monday", "14 March" before. */
export function since(unix: number, now: number): string {
  const age = daysBetween(unix, now);
  if (age <= 0) return clockTime(unix);
  return age === 1 ? "yesterday" : day(unix, now);
}

function daysBetween(unix: number, now: number): number {
  const midnight = (at: number): number => new Date(at * 1000).setHours(0, 0, 0, 0);
  return Math.round((midnight(now) - midnight(unix)) / 86_400_000);
}
