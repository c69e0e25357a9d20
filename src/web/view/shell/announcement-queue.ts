/** Queue of texts for screen readers, and the table that decides which are announced, and how. */

import type { Clock } from "../../../io/clock.ts";

interface AnnouncementRule {
  /** Whether it answers an action of the user, or is meant for them. */
  readonly concernsMe: boolean;
  /** Whether it interrupts what the screen reader is reading. */
  readonly isUrgent: boolean;
}

const ANNOUNCEMENTS = {
  /** Room or conversation that the user has opened, or none after leaving one. */
  opened: { concernsMe: true, isUrgent: false },
  /** Message in the open room. */
  message: { concernsMe: false, isUrgent: false },
  /** Edit or deletion of such a message, or an event of the room such as a pin or a topic. */
  change: { concernsMe: false, isUrgent: false },
  /** Mention, answer or direct message, or a change of it or of the user's own message. */
  personal: { concernsMe: true, isUrgent: false },
  /** Raised hand, for moderators. */
  hand: { concernsMe: true, isUrgent: false },
  /** Outcome of an action: a search, a vote, an attached, sent or saved file. */
  result: { concernsMe: true, isUrgent: false },
  /** Banner, toast or line that appears by itself. */
  notice: { concernsMe: true, isUrgent: false },
  /** The connection is restored. */
  online: { concernsMe: true, isUrgent: false },
  offline: { concernsMe: true, isUrgent: true },
  /** Refused post, failed transfer, fault of a form. */
  fault: { concernsMe: true, isUrgent: true },
} as const satisfies Readonly<Record<string, AnnouncementRule>>;

export type AnnouncementKind = keyof typeof ANNOUNCEMENTS;
export type AnnouncementLevel = "everything" | "mine" | "nothing";
/** @param source whatever has one text at a time, of which only the latest is announced */
export type Announce = (kind: AnnouncementKind, text: string, source?: object) => void;

interface WaitingText {
  readonly text: string;
  readonly isUrgent: boolean;
  readonly source: object | undefined;
}

/** Maximum number of texts that wait, as after minutes in a hidden tab. The oldest are dropped. */
const WAITING_MAX = 20;
/**
 * Delay before a text is announced. A dialog that reports its success closes meanwhile, and a
 * screen reader notices a new live region before its first text.
 */
const SETTLE_MS = 200;
/** An announced text stays this long in the document. */
const STAY_MS = 5_000;

/** Place of announced texts in the page or in a dialog. */
export interface AnnouncementRegion {
  /** @returns function that removes the text */
  readonly add: (text: string, isUrgent: boolean) => () => void;
}

export class AnnouncementQueue {
  level: AnnouncementLevel = "everything";
  #waiting: WaitingText[] = [];
  #regions: readonly AnnouncementRegion[] = [];
  #cancel: (() => void) | undefined;

  /** @param isHidden whether screen readers do not read the page */
  constructor(
    private readonly clock: Pick<Clock, "after">,
    private readonly isHidden: () => boolean,
  ) {}

  accepts(kind: AnnouncementKind): boolean {
    if (this.level === "mine") return ANNOUNCEMENTS[kind].concernsMe;
    return this.level === "everything";
  }

  readonly announce: Announce = (kind, text, source) => {
    if (text.trim() === "" || !this.accepts(kind)) return;
    const { isUrgent } = ANNOUNCEMENTS[kind];
    const isPast = (waiting: WaitingText) => source !== undefined && waiting.source === source;
    const others = this.#waiting.filter((waiting) => !isPast(waiting));
    this.#waiting = [...others, { text, isUrgent, source }].slice(-WAITING_MAX);
    this.#schedule();
  };

  /**
   * A modal dialog hides all other regions from screen readers, so the latest one is used.
   * @returns function that removes the region
   */
  addRegion(region: AnnouncementRegion): () => void {
    this.#regions = [...this.#regions, region];
    this.#schedule(true);
    return () => {
      this.#regions = this.#regions.filter((entry) => entry !== region);
      this.#schedule(true);
    };
  }

  /** Announces what waits, after the page was hidden. */
  flush(): void {
    const region = this.#regions.at(-1);
    if (region === undefined || this.isHidden()) return;
    for (const { text, isUrgent } of this.#waiting.splice(0)) {
      this.clock.after(STAY_MS, region.add(text, isUrgent));
    }
  }

  #schedule(isAgain = false): void {
    if (this.#waiting.length === 0 || (this.#cancel !== undefined && !isAgain)) return;
    this.#cancel?.();
    this.#cancel = this.clock.after(SETTLE_MS, () => {
      this.#cancel = undefined;
      this.flush();
    });
  }
}
