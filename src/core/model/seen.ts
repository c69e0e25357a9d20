/** Decides which messages a user has seen: those that stayed on the screen for a second. */

import type { RoomId } from "../../base/ids.ts";
import { SEEN_MS } from "../../base/limits-page.ts";

/** Messages, given by the `n` of the first and the last one. */
export interface MessageSpan {
  readonly from: number;
  readonly to: number;
}

/** Messages of a room that are on the screen. */
export interface VisibleMessages extends MessageSpan {
  readonly room: RoomId;
  /** Whether new messages move the others up, so that the user sees all that arrive. */
  readonly isFollowing: boolean;
}

export interface SeenMessages extends MessageSpan {
  readonly room: RoomId;
  /** New messages have moved them off the screen in less than a second. */
  readonly isPassed: boolean;
}

interface Glance extends MessageSpan {
  /** When they came on the screen, in monotonic milliseconds; infinite once they were seen. */
  readonly sinceMs: number;
  readonly isPassed: boolean;
}

/** Times the messages on the screen of one window. */
export class SeenTimer {
  #visible: VisibleMessages | undefined;
  #glances: readonly Glance[] = [];
  /** When the window last followed new messages. */
  #followedMs = Number.NEGATIVE_INFINITY;

  /** When the next messages will have been seen; `undefined` if none are on the screen. */
  get dueMs(): number | undefined {
    const due = this.#glances.filter((glance) => this.#isCounted(glance));
    const sinceMs = Math.min(...due.map((glance) => glance.sinceMs));
    return Number.isFinite(sinceMs) ? sinceMs + SEEN_MS : undefined;
  }

  /**
   * Notes what is on the screen from now on.
   * @param visible `undefined` if no message is, or if the window has lost the focus
   * @returns messages that have been seen since the last call
   */
  show(visible: VisibleMessages | undefined, nowMs: number): readonly SeenMessages[] {
    const seen = this.#takeSeen(nowMs);
    const was = this.#visible?.room === visible?.room ? this.#visible : undefined;
    const before = was === undefined ? [] : this.#glances;
    if (was === undefined) this.#followedMs = Number.NEGATIVE_INFINITY;
    else if (was.isFollowing) this.#followedMs = nowMs;
    // A user who has just scrolled to the end has not seen what is above it. A window that lags
    // behind many new messages reaches the end again within a second.
    const hasFollowed = nowMs - this.#followedMs <= SEEN_MS;
    this.#visible = visible;
    this.#glances =
      visible === undefined ? [] : glancesAt({ ...visible, hasFollowed }, before, nowMs);
    return seen;
  }

  /** Messages that have been seen since the last call. */
  check(nowMs: number): readonly SeenMessages[] {
    return this.show(this.#visible, nowMs);
  }

  /** Takes all messages on the screen as seen, because the user turns the page. */
  turnPage(): readonly SeenMessages[] {
    const nowMs = Number.POSITIVE_INFINITY;
    return this.#takeSeen(nowMs).filter(({ isPassed }) => !isPassed);
  }

  /** Messages that were passed wait for the window to reach the end again. */
  #isCounted({ isPassed }: Glance): boolean {
    return !isPassed || this.#visible?.isFollowing === true;
  }

  #takeSeen(nowMs: number): readonly SeenMessages[] {
    const room = this.#visible?.room;
    if (room === undefined) return [];
    const isSeen = (glance: Glance) => {
      const { sinceMs } = glance;
      return sinceMs !== SEEN && sinceMs + SEEN_MS <= nowMs && this.#isCounted(glance);
    };
    const seen = this.#glances.filter(isSeen);
    if (seen.length === 0) return [];
    this.#glances = this.#glances
      .filter((glance) => !(isSeen(glance) && glance.isPassed))
      .map((glance) => (isSeen(glance) ? { ...glance, sinceMs: SEEN } : glance));
    return seen.map(({ from, to, isPassed }) => ({ room, from, to, isPassed }));
  }
}

const SEEN = Number.POSITIVE_INFINITY;

function glancesAt(
  { from, to, hasFollowed }: MessageSpan & { readonly hasFollowed: boolean },
  before: readonly Glance[],
  nowMs: number,
): readonly Glance[] {
  const passed = hasFollowed ? passedBefore(from, before, nowMs) : [];
  const glances: Glance[] = [...passed];
  let next = from;
  for (const glance of before) {
    if (glance.isPassed || glance.to < from || glance.from > to) continue;
    const start = Math.max(glance.from, from);
    if (start > next) glances.push({ from: next, to: start - 1, sinceMs: nowMs, isPassed: false });
    glances.push({ ...glance, from: start, to: Math.min(glance.to, to) });
    next = glance.to + 1;
  }
  if (next <= to) glances.push({ from: next, to, sinceMs: nowMs, isPassed: false });
  return glances;
}

/** Messages that have left the screen upwards, some of them between two calls. */
function passedBefore(from: number, before: readonly Glance[], nowMs: number): readonly Glance[] {
  const left = before.filter((glance) => glance.from < from && glance.sinceMs !== SEEN);
  const passed = left.map((glance) => {
    return { ...glance, to: Math.min(glance.to, from - 1), isPassed: true };
  });
  const last = before.at(-1)?.to;
  if (last === undefined || last >= from - 1) return passed;
  return [...passed, { from: last + 1, to: from - 1, sinceMs: nowMs, isPassed: true }];
}
