/** What a ringing call sets going: the bell, and a system notification while nobody looks at the page. */
import { nameOf, numberOf, viaWords, type Sight } from "./sight";
import type { Desk } from "./desk.svelte";
import { prefs } from "./prefs.svelte";

let silencedCalls: readonly string[] = $state.raw([]);

/** Stop the tone for these calls; they go on ringing. */
export function silence(calls: readonly Sight[]): void {
  silencedCalls = calls.map((sight) => sight.call.id);
}

export function isSilenced(call: string): boolean {
  return silencedCalls.includes(call);
}

export function ringing(desk: Desk, incoming: () => readonly Sight[]): void {
  const loud = $derived(
    incoming().some((sight) => !silencedCalls.includes(sight.call.id) && desk.calling.ringingHere(sight)),
  );
  // A second call while one talks is seen, not heard over the conversation.
  const talking = $derived(desk.sights.some((sight) => sight.phase === "talking" && desk.path(sight.mine?.id ?? "")));

  $effect(() => {
    if (loud && !talking) desk.bell.ring();
    else desk.bell.silence();
  });

  const notices = new Map<string, Notification>();
  $effect(() => {
    const calls = incoming();
    for (const [call, notice] of notices)
      if (!calls.some((sight) => sight.call.id === call)) {
        notice.close();
        notices.delete(call);
      }
    for (const sight of calls) if (!notices.has(sight.call.id)) notify(sight);
  });

  function notify(sight: Sight): void {
    if (!prefs.ringInBackground || !document.hidden || !("Notification" in window)) return;
    if (Notification.permission !== "granted") return;
    try {
      const notice = new Notification(`${nameOf(sight.other)} is calling`, {
        body: [sight.other.name ? numberOf(sight.other) : "Incoming call", viaWords(sight, desk.called)].filter(Boolean).join(", "),
        tag: sight.call.id,
        requireInteraction: true,
      });
      notice.onclick = () => {
        window.focus();
        notice.close();
      };
      notices.set(sight.call.id, notice);
    } catch {
      // Some phones know notifications only from a service worker; the title still says who calls.
    }
  }
}
