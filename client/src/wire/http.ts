/**
 * Plain HTTP beside the socket: signing in, lists and searches.
 *
 * Every failure is a Refused: the server's own word and sentence where it gave one, else ours.
 */
import { Refused } from "./refused";
import type { CallRecord, Filter, Me, Page, RecordDetail, User } from "./types";

export function signIn(username: string, password: string): Promise<Me> {
  return send("POST", "login", { username, password });
}

export function signOut(): Promise<null> {
  return send("POST", "logout", {});
}

export function readMe(): Promise<Me> {
  return send("GET", "me");
}

export function readWelcome(token: string): Promise<{ username: string; name: string }> {
  return send("GET", `welcome/${encodeURIComponent(token)}`);
}

export function acceptWelcome(token: string, password: string): Promise<Me> {
  return send("POST", "welcome", { token, password });
}

export function readUsers(search: string, offset: number, limit: number): Promise<Page<User>> {
  return send("GET", `users?${new URLSearchParams({ search, offset: `${offset}`, limit: `${limit}` })}`);
}

export async function readRecords(
  filter: Filter,
  search: string,
  before: string | null,
  limit: number,
): Promise<readonly CallRecord[]> {
  const query = new URLSearchParams({ filter, limit: `${limit}` });
  if (search) query.set("search", search);
  if (before) query.set("before", before);
  const page = await send<{ items: readonly CallRecord[] }>("GET", `records?${query}`);
  return page.items;
}

export function readRecord(id: string): Promise<RecordDetail> {
  return send("GET", `records/${encodeURIComponent(id)}`);
}

/** Where a file of one's own calls in [from, to) can be fetched; times are Unix seconds. */
export function exportAddress(format: "csv" | "json", from: number, to: number): string {
  return `/api/v1/records/export?${new URLSearchParams({ format, from: `${from}`, to: `${to}` })}`;
}

async function send<T>(method: "GET" | "POST", path: string, body?: unknown): Promise<T> {
  const request: RequestInit = { method, headers: { accept: "application/json" } };
  if (body !== undefined) {
    request.headers = { ...request.headers, "content-type": "application/json" };
    request.body = JSON.stringify(body);
  }
  let response: Response;
  try {
    response = await fetch(`/api/v1/${path}`, request);
  } catch {
    throw new Refused("unreachable", "Offhook cannot be reached. Check your network, then try again.");
  }
  const text = await response.text();
  const value = text.startsWith("{") || text.startsWith("[") ? (JSON.parse(text) as unknown) : null;
  if (response.ok) return value as T;
  const problem = (value ?? {}) as { refused?: string; detail?: string; title?: string };
  const wait = Number(response.headers.get("retry-after"));
  throw new Refused(
    problem.refused ?? wordFor(response.status),
    problem.detail ?? problem.title ?? "Offhook could not do that. Please try again.",
    wait > 0 ? wait : null,
  );
}

function wordFor(status: number): string {
  if (status === 401) return "signed-out";
  if (status === 404) return "unknown";
  if (status === 429) return "too-many";
  return status >= 500 ? "broken" : "refused";
}
