/**
 * The signed-in user's desk: the line to the server, the mirror, the phone, and what can be done with them.
 *
 * Components read the mirror through `live` and ask through the functions here; they keep no copies.
 */
import { getContext, setContext } from "svelte";
import { createMirror } from "../mirror/mirror";
import { live } from "../mirror/live.svelte";
import { createBell } from "../phone/bell";
import { createEar } from "../phone/ear";
import { createMicrophone } from "../phone/microphone";
import { makePeer } from "../phone/peer";
import { createPhone } from "../phone/phone";
import { readMe, signOut } from "../wire/http";
import { Refused, sentenceOf } from "../wire/refused";
import { browser, connect, type Link } from "../wire/socket";
import type { Call, Device, Me } from "../wire/types";
import { createCalling } from "./calling.svelte";
import { createClock } from "./clock.svelte";
import { createFollowing } from "./following";
import { canCarrySound, watchPermission } from "./permission.svelte";
import { prefs } from "./prefs.svelte";
import { createRecords } from "./records.svelte";
import { see } from "./sight";
import { renewTab } from "./tab";
import { sayTrouble } from "./toasts.svelte";

export type Sheet = "microphone" | "sound" | "shortcuts";
export type Desk = ReturnType<typeof openDesk>;

const NAME = Symbol("desk");

export function provideDesk(desk: Desk): void {
  setContext(NAME, desk);
}

export function useDesk(): Desk {
  return getContext<Desk>(NAME);
}

export function openDesk(signedIn: Me, firstTab: string, left: () => void) {
  let me = $state.raw(signedIn);
  let link = $state.raw<Link>({ state: "connecting", tries: 0, since: performance.now() / 1000 });
  let stale = $state(false);
  let tab = $state.raw(firstTab);
  let sheet = $state.raw<Sheet | null>(null);
  let silenced = $state(false);
  let lines = $state.raw(0);
  let staleTimer: ReturnType<typeof setTimeout> | undefined;

  const clock = createClock();
  const mirror = createMirror();
  const things = live(mirror);
  const records = createRecords();
  const blocked = (silent: boolean): void => {
    silenced = silent;
  };
  const bell = createBell(blocked);
  const ear = createEar(() => {
    blocked(true);
  });
  const microphone = createMicrophone(() => {
    phone.resend().catch(() => {
      sayTrouble("The microphone is gone. Plug it in, or choose another one.", {
        name: "Choose",
        run: () => {
          sheet = "sound";
        },
      });
    });
  });

  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const following = createFollowing((users) => {
    if (link.state !== "open") return false;
    connection.ask("users.follow", { users }).catch(() => undefined); // the next hello says it again
    return true;
  });
  const connection = connect(
    {
      hello: () => ({
        tab,
        boot: mirror.boot,
        n: mirror.n,
        users: following.introduce(),
        sound: canCarrySound(),
        visible: document.visibilityState === "visible",
      }),
      welcomed(welcome) {
        clock.set(welcome.time);
        mirror.welcome(welcome);
        // Everything after a welcome needs an open line, which `linked` announces next.
        queueMicrotask(settle);
      },
      changed: (change) => {
        mirror.apply(change);
      },
      linked(next) {
        link = next;
        if (next.state === "open") {
          clearTimeout(staleTimer);
          staleTimer = undefined;
          stale = false;
        } else if (next.state === "connecting") {
          staleTimer ??= setTimeout(() => {
            stale = true;
          }, 2000);
        } else {
          clearTimeout(staleTimer);
          if (next.why === "signed-out") close();
        }
      },
      doubled() {
        phone.releaseAll();
        tab = renewTab();
      },
      isSignedOut: () =>
        readMe().then(
          () => false,
          (error: unknown) => error instanceof Refused && error.word === "signed-out",
        ),
    },
    browser(`${scheme}://${location.host}/api/v1/ws`),
  );
  const { ask } = connection;

  const phone = createPhone({
    ask,
    microphone,
    makePeer,
    sounds: ear,
    after: (milliseconds, then) => {
      const timer = setTimeout(then, milliseconds);
      return () => {
        clearTimeout(timer);
      };
    },
    changed: () => {
      lines += 1;
    },
  });

  /** A line to the server is open: bring the sound of our calls back. */
  function settle(): void {
    following.settle();
    for (const leg of mirror.all("attachment").values()) {
      if (leg.tab !== tab || phone.carries(leg.id)) continue;
      phone.attach(leg.id).catch((error: unknown) => {
        if (error instanceof Refused && error.word === "offline") return;
        sayTrouble("This tab could not take its call back. Press “Take here” in the call.");
      });
    }
    phone.renew();
    records.refresh();
  }

  mirror.watch((kind, id, old) => {
    if (kind === "call") {
      const now = mirror.get("call", id);
      const alive = new Set(now?.legs.filter((leg) => leg.state !== "gone").map((leg) => leg.id));
      for (const leg of (old as Call | undefined)?.legs ?? []) if (!alive.has(leg.id)) phone.release(leg.id);
      for (const leg of now?.legs ?? []) phone.quiet(leg.id, leg.muted || leg.holding);
      calling.followed(old as Call | undefined, now);
    }
    if (kind === "attachment") {
      const now = mirror.get("attachment", id);
      if (now && now.tab !== tab) phone.release(id);
    }
  });
  mirror.hear("renegotiate", ({ leg, tab: carrier }) => {
    if (carrier === tab) phone.renew(leg);
  });
  mirror.hear("record", (record) => {
    records.add(record);
  });

  const sights = $derived(things.all("call").map((call) => see(call, me.id)));
  const devices = $derived.by((): readonly Device[] => {
    const heard = things.all("device").filter((device) => device.user === me.id);
    const all = heard.length ? heard : me.devices;
    return all.toSorted((a, b) => Number(a.kind === "browser") - Number(b.kind === "browser"));
  });
  const picked = $derived(things.get("user", me.id)?.device ?? me.device);
  const chosen = $derived(devices.find((device) => device.id === picked) ?? devices.find((d) => d.kind === "browser"));

  const calling = createCalling({
    ask,
    phone,
    microphone,
    things,
    me: () => me,
    tab: () => tab,
    devices: () => devices,
    chosen: () => chosen,
    sights: () => sights,
    now: () => clock.now,
    openSheet: (name) => {
      sheet = name;
    },
  });

  async function choose(device: string): Promise<void> {
    try {
      await ask("me.choose", { device });
      me = { ...me, device };
    } catch (error) {
      sayTrouble(sentenceOf(error));
    }
  }

  // The page outlives networks, sleep and permissions; each of these may have changed the way of the sound.
  const network = (): void => {
    connection.hurry();
    connection.probe(canCarrySound());
    phone.renew();
  };
  const seen = (): void => {
    if (document.visibilityState !== "visible") return;
    connection.hurry();
    connection.probe(canCarrySound());
  };
  const gesture = (): void => {
    if (!silenced) return;
    silenced = false;
    bell.wake();
    ear.retry();
  };
  const line = (navigator as { connection?: EventTarget }).connection;
  window.addEventListener("online", network);
  line?.addEventListener("change", network);
  document.addEventListener("visibilitychange", seen);
  window.addEventListener("pointerdown", gesture);
  window.addEventListener("keydown", gesture);
  const pulse = setInterval(() => {
    if (mirror.all("call").size) connection.probe(canCarrySound());
  }, 10_000);
  void watchPermission(() => {
    ask("tab.sound", { sound: canCarrySound() }).catch(() => undefined);
  });

  function close(): void {
    clearInterval(pulse);
    clearTimeout(staleTimer);
    window.removeEventListener("online", network);
    line?.removeEventListener("change", network);
    document.removeEventListener("visibilitychange", seen);
    window.removeEventListener("pointerdown", gesture);
    window.removeEventListener("keydown", gesture);
    bell.silence();
    phone.releaseAll();
    left();
  }

  $effect(() => {
    microphone.choose(prefs.microphone);
    ear.choose(prefs.speaker);
    bell.choose(prefs.ringer);
  });

  return {
    ask,
    things,
    clock,
    phone,
    microphone,
    bell,
    ear,
    records,
    following,
    calling,
    choose,
    get me() {
      return me;
    },
    get tab() {
      return tab;
    },
    get link() {
      return link;
    },
    /** The line has been gone for two seconds: what is shown may be old. */
    get stale() {
      return stale;
    },
    get devices() {
      return devices;
    },
    get chosen() {
      return chosen;
    },
    get sights() {
      return sights;
    },
    get sheet() {
      return sheet;
    },
    set sheet(next: Sheet | null) {
      sheet = next;
    },
    /** The browser keeps us silent until the user touches the page. */
    get silenced() {
      return silenced;
    },
    /** How this tab's sound for a leg fares; read again when it changes. */
    path(leg: string) {
      void lines;
      return phone.path(leg);
    },
    hurry: connection.hurry,
    async signOut() {
      try {
        await signOut();
      } catch (error) {
        return sayTrouble(sentenceOf(error));
      }
      connection.leave();
      close();
    },
  };
}
