/**
 * The id of this tab: it survives a reload, so that a call's sound comes back unasked, and no two tabs share one.
 *
 * A duplicated tab inherits the session storage of its origin. The lock says whether another living tab holds the id.
 */
const KEY = "offhook.tab";

export async function claimTab(): Promise<string> {
  const kept = sessionStorage.getItem(KEY);
  if (kept && (await claim(kept, isReload()))) return kept;
  return renewTab();
}

export function renewTab(): string {
  const fresh = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(36).padStart(2, "0")).join("");
  sessionStorage.setItem(KEY, fresh);
  void claim(fresh, true);
  return fresh;
}

function isReload(): boolean {
  const entry = performance.getEntriesByType("navigation")[0] as PerformanceNavigationTiming | undefined;
  return entry?.type === "reload";
}

function claim(id: string, steal: boolean): Promise<boolean> {
  const locks = navigator.locks as LockManager | undefined;
  if (!locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const held = (lock: Lock | null): Promise<void> | undefined => {
      resolve(lock !== null);
      return lock ? new Promise<void>(() => undefined) : undefined; // held for as long as the page lives
    };
    locks.request(`offhook-tab-${id}`, steal ? { steal } : { ifAvailable: true }, held).catch(() => {
      resolve(false);
    });
  });
}
