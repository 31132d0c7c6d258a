/** What comes of my settings as everything works together; `Works` asks the server. */
import type { Effect } from "../wire/types";

export interface SentOn {
  /** To whom, in words. */
  readonly to: string;
  /** Whether calls get there. */
  readonly leads: boolean;
  /** Why they do not, or what else there is to know. */
  readonly note: string;
  /** Let calls come here again, where that is mine to say. */
  readonly takeBack: (() => void) | null;
}

interface Works {
  effect: Effect | null;
  /** What is said to send all my calls on; null while nothing does, and until it is known what comes of it. */
  sent: SentOn | null;
  /** More than before: somebody wants to know anew. */
  asked: number;
}

export const works: Works = $state({ effect: null, sent: null, asked: 0 });
