/** Whose presence this page shows, gathered from everything that shows some and told to the server at most every 80 ms. */
const MOST = 500;

export interface Following {
  show(where: string, users: readonly string[]): void;
  /** Everybody who is shown: what a hello says. The server knows it from then on. */
  introduce(): readonly string[];
  /** The line is open: say what changed since the hello. */
  settle(): void;
}

/** `send` gives false when nobody could be told. */
export function createFollowing(send: (users: readonly string[]) => boolean): Following {
  const shown = new Map<string, readonly string[]>();
  let told = "";
  let due: ReturnType<typeof setTimeout> | null = null;

  function gather(): readonly string[] {
    return [...new Set([...shown.values()].flat())].filter(Boolean).slice(0, MOST);
  }

  function settle(): void {
    due = null;
    const users = gather();
    if (key(users) !== told && send(users)) told = key(users);
  }

  return {
    show(where, users) {
      shown.set(where, users);
      due ??= setTimeout(settle, 80);
    },
    introduce() {
      const users = gather();
      told = key(users);
      return users;
    },
    settle,
  };
}

function key(users: readonly string[]): string {
  return users.toSorted().join(" ");
}
