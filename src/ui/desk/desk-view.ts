/**
 * The desk of an assignment room: whose work waits for a moderator, who follows whom, and how late
 * each work was.
 */

import { compareNames } from "../../base/names.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import type { HandedIn } from "../../client/actions.ts";
import type { WorkState } from "../../core/rooms/stamps.ts";
import type { Stamp } from "../../wire/messages.ts";
import { personText, type ShownNames } from "../text/person-text.ts";

export interface DeskEntry {
  readonly user: string;
  readonly name: string;
  readonly state: WorkState;
  /** Unix ms of the newest work. */
  readonly unixMs?: number;
  /** Time from the due date to the first work; `undefined` if that was in time. */
  readonly lateMs?: number;
  /** The stamp on the newest work. */
  readonly stamp?: Stamp;
}

export interface DeskView {
  /** In the order of the names, which does not change while somebody corrects. */
  readonly entries: readonly DeskEntry[];
  readonly handed: number;
  readonly done: number;
}

/** @param isRead whether this moderator has read all that the person wrote */
export function deskView(
  works: readonly HandedIn[],
  names: ShownNames,
  isRead: (user: string) => boolean,
): DeskView {
  const present = works.filter(({ at, left }) => at !== undefined || left !== true);
  const entries = present
    .map((work) => entryOf(work, personText(names, work.user), isRead(work.user)))
    .sort((a, b) => compareNames(a.name, b.name));
  const count = (state: WorkState) => entries.filter((entry) => entry.state === state).length;
  return { entries, handed: entries.length - count("missing"), done: count("done") };
}

function entryOf(work: HandedIn, name: string, isRead: boolean): DeskEntry {
  const { user, first, at, due, reply, stamp } = work;
  const state = at === undefined ? "missing" : (reply ?? (isRead ? "read" : "new"));
  const lateMs = at === undefined || due === undefined ? 0 : (first ?? at) - due;
  return defined({
    user,
    name,
    state,
    unixMs: at,
    lateMs: lateMs > 0 ? lateMs : undefined,
    stamp: reply === undefined ? undefined : stamp,
  });
}

/** Entries that a filter shows: the open one stays, so that no row leaves while it is corrected. */
export function shownEntries(
  { entries }: DeskView,
  isOnlyNotDone: boolean,
  open: string | undefined,
): readonly DeskEntry[] {
  if (!isOnlyNotDone) return entries;
  return entries.filter(
    ({ user, state }) => user === open || (state !== "done" && state !== "missing"),
  );
}

/** The next work that nobody has answered, from a person onwards and then from the first. */
export function nextWaiting({ entries }: DeskView, user: string): DeskEntry | undefined {
  const at = entries.findIndex((entry) => entry.user === user);
  const others = [...entries.slice(at + 1), ...entries.slice(0, Math.max(0, at))];
  return others.find(({ state }) => state === "new" || state === "read");
}

export interface ReplyTexts {
  readonly stampWord: (stamp: Stamp) => string;
  readonly answered: string;
}

/** How a moderator has answered the newest work; `undefined` if nobody has. */
export function replyText(
  { reply, stamp }: Pick<HandedIn, "reply" | "stamp">,
  { stampWord, answered }: ReplyTexts,
): string | undefined {
  if (reply === undefined) return undefined;
  return stamp === undefined ? answered : stampWord(stamp);
}

export interface LateTexts {
  readonly lateMinutes: (count: number) => string;
  readonly lateHours: (count: number) => string;
  readonly lateDays: (count: number) => string;
}

const HOURS_MAX = 48;

/** Such as "41 min late", "14 h late" and "3 days late". */
export function lateText(lateMs: number, texts: LateTexts): string {
  if (lateMs < HOUR_MS) return texts.lateMinutes(Math.max(1, Math.floor(lateMs / MINUTE_MS)));
  if (lateMs < HOURS_MAX * HOUR_MS) return texts.lateHours(Math.floor(lateMs / HOUR_MS));
  return texts.lateDays(Math.floor(lateMs / DAY_MS));
}
