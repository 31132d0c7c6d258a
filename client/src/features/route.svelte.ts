/** Where in the page the user is, kept in the address so that back, forward and reload work. */
export type Place = "people" | "keypad" | "calls" | "settings";

export interface Route {
  readonly place: Place;
  readonly detail: string;
}

const state: { route: Route } = $state({ route: parse(location.hash) });

export const where = state;

export function go(place: Place, detail = ""): void {
  const hash = `#${place}${detail ? `/${encodeURIComponent(detail)}` : ""}`;
  if (hash !== location.hash) location.hash = hash;
  state.route = { place, detail };
}

export function watchRoute(): () => void {
  const changed = (): void => {
    state.route = parse(location.hash);
  };
  window.addEventListener("hashchange", changed);
  changed();
  return () => {
    window.removeEventListener("hashchange", changed);
  };
}

function parse(hash: string): Route {
  const [place = "", detail = ""] = hash.replace(/^#/, "").split("/");
  const known: readonly string[] = ["people", "keypad", "calls", "settings"];
  return { place: known.includes(place) ? (place as Place) : "people", detail: decodeURIComponent(detail) };
}
