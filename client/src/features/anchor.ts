/**
 * Keeps what is pointed at where it is while rows come and go above it; else what stands at the top of a scrolled list.
 *
 * Browsers do part of this (overflow-anchor), but not at the very top of a list, where new rows arrive.
 */
import type { Attachment } from "svelte/attachments";

export interface Anchor {
  /** For the element that scrolls; its rows are `li`. */
  readonly hold: Attachment<HTMLElement>;
  /** Rows are about to change. */
  before(): void;
  /** Rows have changed. */
  after(): void;
}

export function createAnchor(): Anchor {
  let scroller: HTMLElement | null = null;
  let held: { row: Element; top: number; first: boolean } | null = null; // `first`: nobody has scrolled
  let room = 0; // empty space above the first row, instead of rows that left
  let pushed = 0; // how far rows that came at the very top have been scrolled out of sight

  function widen(to: number): void {
    room = to;
    scroller?.style.setProperty("padding-top", room ? `${room}px` : "");
  }

  function left(): void {
    if (scroller && pushed && Math.abs(scroller.scrollTop - pushed) < 1) scroller.scrollTop = 0;
    pushed = 0;
    widen(0);
  }

  return {
    hold: (element) => {
      scroller = element;
      element.addEventListener("pointerleave", left);
      return () => {
        scroller = null;
      };
    },
    before() {
      if (!scroller) return;
      const edge = scroller.getBoundingClientRect().top;
      const row =
        scroller.querySelector("li:hover") ??
        (scroller.scrollTop > 0 && [...scroller.querySelectorAll("li")].find((each) => each.getBoundingClientRect().bottom > edge));
      held = row ? { row, top: row.getBoundingClientRect().top, first: Math.abs(scroller.scrollTop - pushed) < 1 } : null;
    },
    after() {
      if (!scroller || !held?.row.isConnected) return;
      const moved = held.row.getBoundingClientRect().top - held.top;
      const closed = Math.min(room, Math.max(0, moved));
      if (closed) widen(room - closed);
      const before = scroller.scrollTop;
      scroller.scrollTop += moved - closed;
      const rest = moved - closed - (scroller.scrollTop - before);
      if (rest < 0) widen(room - rest);
      if (held.first) pushed = scroller.scrollTop;
    },
  };
}
