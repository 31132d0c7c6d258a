/** The people of this system, read a hundred at a time, and the search of the field "Name or number". */
import { readUsers } from "../wire/http";
import { sentenceOf } from "../wire/refused";
import type { User } from "../wire/types";

const PAGE = 100;

export type People = ReturnType<typeof createPeople>;

/** `follow` is given who wants to hear of each user that has changed. */
export function createPeople(follow: (heard: (user: User) => void) => void) {
  let users = $state.raw<readonly User[]>([]);
  let total = $state(0);
  let state = $state<"waiting" | "ready" | "failed">("waiting");
  let trouble = $state("");
  let loading = false;

  async function load(): Promise<void> {
    if (loading) return;
    loading = true;
    try {
      const page = await readUsers("", users.length, PAGE);
      total = page.total;
      users = [...users, ...page.items.filter((user) => !users.some((known) => known.id === user.id))];
      state = "ready";
    } catch (error) {
      trouble = sentenceOf(error);
      if (users.length === 0) state = "failed";
    }
    loading = false;
  }

  follow((now) => {
    const at = users.findIndex(({ id, name, number }) => id === now.id && (name !== now.name || number !== now.number));
    if (at >= 0) users = users.with(at, now);
  });

  void load();
  return {
    get users() {
      return users;
    },
    get total() {
      return total;
    },
    get state() {
      return state;
    },
    get trouble() {
      return trouble;
    },
    more() {
      if (users.length < total) void load();
    },
    retry() {
      state = "waiting";
      void load();
    },
  };
}

/** What was typed, and who it may mean. Answers that come too late are not shown. */
export function createSearch(known: () => readonly User[]) {
  let text = $state("");
  let found = $state.raw<readonly User[]>([]);
  let foundFor = $state("");
  let failed = $state(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hits = $derived.by(() => {
    const words = fold(text).split(/\s+/).filter(Boolean);
    if (words.length === 0) return [];
    const local = known().filter((user) => isMatch(user, words));
    const extra = foundFor === text ? found.filter((user) => !local.some((hit) => hit.id === user.id)) : [];
    return [...local, ...extra].slice(0, 20);
  });

  function ask(asked: string): void {
    readUsers(asked.trim(), 0, 20).then(
      (page) => {
        if (asked !== text) return;
        found = page.items;
        foundFor = asked;
        failed = false;
      },
      () => {
        if (asked === text) failed = true;
      },
    );
  }

  return {
    get text() {
      return text;
    },
    set text(next: string) {
      text = next;
      clearTimeout(timer);
      if (next.trim())
        timer = setTimeout(() => {
          ask(next);
        }, 120);
    },
    get hits() {
      return hits;
    },
    get failed() {
      return failed;
    },
    /** Has the server been asked about exactly this text? */
    get settled() {
      return foundFor === text || failed;
    },
  };
}

export type Search = ReturnType<typeof createSearch>;

/** Every word must begin some word of the name, the user name or the number. */
export function isMatch(user: User, words: readonly string[]): boolean {
  const parts = fold(`${user.name} ${user.username} ${user.number}`).split(/[\s.\-_]+/);
  return words.every((word) => parts.some((part) => part.startsWith(word)));
}

export function fold(text: string): string {
  return text
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll("ß", "ss")
    .replaceAll("ø", "o")
    .replaceAll("ł", "l")
    .replaceAll("ı", "i")
    .trim();
}
