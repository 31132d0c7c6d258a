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
import type { Call, Device, Me, User } from "../wire/types";
import { createCalling } from "./calling.svelte";
import { createClock } from "./clock.svelte";
import { createFollowing } from "./following";
import { canCarrySound, watchPermission } from "./permission.svelte";
import { prefs } from "./prefs.svelte";
import { createRecords } from "./records.svelte";
import { isMine, nameOf, numberOf, see, type Sight } from "./sight";
import { renewTab } from "./tab";
import type { Aim } from "./targets";
import { sayTrouble } from "./toasts.svelte";

export type Sheet = "microphone" | "sound" | "shortcuts" | "export";
export type Desk = ReturnType<typeof openDesk>;

const NAME = Symbol("desk");

const ORDER: readonly Device["kind"][] = ["phone", "mobile", "browser"];

/** A leg that changes calls leaves one a moment before it is in the other: milliseconds. */
const BETWEEN = 300;

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
  let aimed = $state.raw<{ readonly aim: Aim; readonly key: string } | null>(null);
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

  /** Carry a leg's sound again, if it is this tab's. Just after a reload the old page may still hold the microphone. */
  function rejoin(leg: string, more: number): void {
    if (mirror.get("attachment", leg)?.tab !== tab || phone.carries(leg)) return;
    phone.attach(leg).catch((error: unknown) => {
      if (error instanceof Refused && error.word === "offline") return;
      if (more) setTimeout(() => { rejoin(leg, more - 1); }, 700); // prettier-ignore
      else sayTrouble("This tab could not take its call back. Press “Take here” in the call.");
    });
  }

  /** A line to the server is open: bring the sound of our calls back. */
  function settle(): void {
    following.settle();
    for (const { id } of mirror.all("attachment").values()) rejoin(id, 1);
    phone.renew();
    records.refresh();
  }

  function isAlive(leg: string): boolean {
    return [...mirror.all("call").values()].some(({ legs }) => legs.some(({ id, state }) => id === leg && state !== "gone"));
  }

  mirror.watch((kind, id, old) => {
    if (kind === "call") {
      const now = mirror.get("call", id);
      for (const leg of now?.legs ?? []) {
        if (leg.state === "gone") phone.release(leg.id);
        else phone.quiet(leg.id, leg.muted || leg.holding);
      }
      // A leg that is merely missing may be on its way into another call.
      const missing = ((old as Call | undefined)?.legs ?? []).filter((leg) => phone.carries(leg.id) && !isAlive(leg.id));
      if (missing.length) setTimeout(() => { for (const leg of missing) if (!isAlive(leg.id)) phone.release(leg.id); }, BETWEEN); // prettier-ignore
      calling.followed(old as Call | undefined, now);
    }
    if (kind === "waiting" && !old) {
      const rings = mirror.get("waiting", id);
      if (rings && rings.called.user !== me.id && !mirror.get("call", id))
        calling.tell(`${nameOf(rings.caller)} rings for ${nameOf(rings.called)}.`);
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

  const knownName = (user: string): string | undefined => things.get("user", user)?.name;
  // A leg on its way from call to call may be in both for a moment; the later call is the one it goes to.
  const sights = $derived([
    ...new Map(
      things
        .all("call")
        .filter((call) => isMine(call, me.id))
        .map((call) => see(call, me.id, knownName))
        .map((sight) => [sight.key, sight]),
    ).values(),
  ]);
  const devices = $derived.by((): readonly Device[] => {
    const heard = things.all("device").filter((device) => device.user === me.id);
    const all = heard.length ? heard : me.devices;
    return ORDER.flatMap((kind) => all.filter((device) => device.kind === kind));
  });
  let wished = $state<string>(); // the device picked here, until the server has answered
  const picked = $derived(wished ?? things.get("user", me.id)?.device ?? me.device);
  const chosen = $derived(devices.find((device) => device.id === picked) ?? devices.find((d) => d.kind === "browser"));

  const calling = createCalling({
    ask,
    phone,
    things,
    me: () => me,
    known: (user) => mirror.get("user", user)?.name,
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
    wished = device;
    try {
      await ask("me.choose", { device });
      me = { ...me, device };
    } catch (error) {
      sayTrouble(sentenceOf(error));
    }
    if (wished === device) wished = undefined;
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
    /** The call that is to be handed on, and how. */
    get aimed(): { readonly aim: Aim; readonly sight: Sight } | null {
      const sight = sights.find(({ key, phase }) => key === aimed?.key && phase !== "over");
      return aimed && sight ? { aim: aimed.aim, sight } : null;
    },
    aim(...[aim, sight]: [aim: Aim, sight: Sight] | [aim: null]) {
      aimed = aim && sight ? { aim, key: sight.key } : null;
    },
    /** "you", or the name of somebody of whom perhaps only the number is known here. */
    called: (who: { readonly user: string; readonly number: string; readonly name?: string; readonly shown?: string }): string =>
      (who.user === me.id && "you") || who.name || knownName(who.user) || numberOf(who) || "somebody",
    /** The browser keeps us silent until the user touches the page. */
    get silenced() {
      return silenced;
    },
    /** How this tab's sound for a leg fares; read again when it changes. */
    path(leg: string) {
      void lines;
      return phone.path(leg);
    },
    followUsers(heard: (user: User) => void) {
      mirror.watch((kind, id) => {
        const user = kind === "user" && mirror.get("user", id);
        if (user) heard(user);
      });
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
