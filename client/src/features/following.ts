/** Whose presence this page shows, gathered from everything that shows some and told to the server at most every 80 ms. */
const MOST = 500;

export interface Following {
  show(where: string, users: readonly string[]): void;
  /** Whom the server must follow for us: said with each hello. */
  readonly users: readonly string[];
}

export function createFollowing(send: (users: readonly string[]) => void): Following {
  const shown = new Map<string, readonly string[]>();
  let followed: readonly string[] = [];
  let due: ReturnType<typeof setTimeout> | null = null;

  function tell(): void {
    due = null;
    const users = [...new Set([...shown.values()].flat())].filter(Boolean).slice(0, MOST);
    if (users.toSorted().join(" ") === followed.toSorted().join(" ")) return;
    followed = users;
    send(users);
  }

  return {
    show(where, users) {
      shown.set(where, users);
      due ??= setTimeout(tell, 80);
    },
    get users() {
      return followed;
    },
  };
}
