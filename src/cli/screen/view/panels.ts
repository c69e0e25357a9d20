/** Panels of rooms and members, and what a click in the frame hits. */

import { compareNames } from "../../../base/names.ts";
import { cleanText } from "../../../base/text.ts";
import { type FoldedEntry, foldedList } from "../../../core/model/folded-boxes.ts";
import { isSameName } from "../../../core/model/item.ts";
import {
  isOnline,
  openRoom,
  type RoomListEntry,
  roomList,
  roomOf,
} from "../../../core/model/selectors.ts";
import type { Member, Model } from "../../../core/model/state.ts";
import { shownCall, shownHands } from "../../../core/model/unignored.ts";
import { isMutedAt } from "../../../core/rooms/prefs.ts";
import { targetTitle } from "../../../ui/text/target-text.ts";
import type { Hit, ListScroll, ListTop } from "../state/screen-state.ts";
import type { ScreenTexts } from "../text/texts.ts";
import type { Areas } from "./composition.ts";
import { nameRole, nameWithin } from "./message.ts";
import type { Entry } from "./overlay.ts";
import { cutTo, fitLine, lineWidth, type Span, type StyledLine, spanAt, widthOf } from "./style.ts";

const COUNT_MAX = 999;
/** Alt and a digit open one of the first ten targets. */
const NUMBERED_TARGETS_MAX = 10;

/** Stands for the inbox among the targets of the list, none of which contains a blank. */
const INBOX_ROW = " inbox";

type ListedEntry = RoomListEntry & Partial<Pick<FoldedEntry, "newBoxes">>;

export interface RoomColumn extends ListScroll {
  readonly lines: readonly StyledLine[];
  readonly targets: readonly (string | undefined)[];
}

/** @param listTop if `undefined`, the list scrolls to the open target */
export function roomColumn(
  model: Model,
  texts: ScreenTexts,
  muted: readonly string[],
  columns: number,
  height: number,
  listTop: ListTop | undefined,
): RoomColumn {
  const { rooms, people } = foldedList(model);
  const entries: readonly ListedEntry[] = [...rooms, ...people];
  const targets: (string | undefined)[] = [INBOX_ROW, ...entries.map(({ target }) => target)];
  const roomLines: StyledLine[] = entries.map((line, i) => {
    const number = i < NUMBERED_TARGETS_MAX ? `${(i + 1) % NUMBERED_TARGETS_MAX}` : " ";
    return fitLine(
      roomEntry(model, line, number, isTargetMuted(muted, line.target), texts, columns),
      columns,
    );
  });
  const lines = [inboxEntry(entries, muted, texts, columns), ...roomLines];
  if (rooms.length > 0 && people.length > 0 && lines.length < height) {
    lines.splice(rooms.length + 1, 0, fitLine([], columns));
    targets.splice(rooms.length + 1, 0, undefined);
  }
  const topMax = Math.max(0, lines.length - height);
  const centered = entries.findIndex(({ isOpen }) => isOpen) + 1 - Math.floor(height / 2);
  const requestedTop = topOf(listTop, model) ?? centered;
  const top = Math.max(0, Math.min(requestedTop, topMax));
  const visible = lines.slice(top, top + height);
  while (visible.length < height) visible.push(fitLine([], columns));
  const shown = targets.slice(top, top + height);
  const unread = new Map(
    entries
      .filter(({ unread, isIgnored, target }) => {
        return unread > 0 && !isIgnored && !isTargetMuted(muted, target);
      })
      .map((entry) => [entry.target, entry]),
  );
  const count = (sign: string, row: number, hidden: readonly (string | undefined)[]) => {
    const found = hidden.flatMap((target) => unread.get(target ?? "") ?? []);
    // The row that says so hides one more place.
    const replaced = unread.get(shown[row] ?? "");
    if (found.length === 0 || height < EDGE_ROWS_MIN) return;
    visible[row] = edgeLine(sign, replaced === undefined ? found : [...found, replaced], columns);
    shown[row] = undefined;
  };
  count("↑", 0, targets.slice(0, top));
  count("↓", height - 1, targets.slice(top + height));
  return { lines: visible, targets: shown, top, topMax };
}

/** Below this height, no row is given up for places beyond the edge. */
const EDGE_ROWS_MIN = 4;

/** Number of places with something unread beyond the edge of the list, and of calls there. */
function edgeLine(sign: string, hidden: readonly RoomListEntry[], columns: number): StyledLine {
  const calls = hidden.reduce((sum, entry) => sum + callsIn(entry), 0);
  const line: StyledLine = [
    { text: `${sign} ${limitedCount(hidden.length)}`, role: "busy" },
    ...(calls === 0
      ? []
      : [{ text: "  " }, { text: `@${limitedCount(calls)}`, role: "calls" } as const]),
  ];
  return fitLine(line, columns);
}

function inboxEntry(
  entries: readonly RoomListEntry[],
  muted: readonly string[],
  texts: ScreenTexts,
  columns: number,
): StyledLine {
  const listed = entries.filter(
    ({ isIgnored, target }) => !isIgnored && !isTargetMuted(muted, target),
  );
  const sumOf = (count: (entry: RoomListEntry) => number) =>
    listed.reduce((sum, entry) => sum + count(entry), 0);
  const [calls, unread] = [sumOf(callsIn), sumOf(({ unread: count }) => count)];
  const count = unread === 0 ? "" : ` ${countText(calls, unread)} `;
  const label = cutTo(texts.screen.inbox, Math.max(1, columns - 2 - widthOf(count)));
  const gap = " ".repeat(Math.max(0, columns - 2 - widthOf(label) - widthOf(count)));
  return fitLine(
    [
      { text: "i ", role: "dim" },
      unread === 0 ? { text: label } : { text: label, role: "busy" },
      { text: gap },
      { text: count, role: calls > 0 ? "calls" : "count" },
    ],
    columns,
  );
}

export function limitedCount(count: number): string {
  return count > COUNT_MAX ? `${COUNT_MAX}+` : `${count}`;
}

/** Such as `@2 34`: calls, then all unread messages. */
export function countText(calls: number, unread: number): string {
  const number = limitedCount(unread);
  return calls > 0 ? `@${limitedCount(calls)} ${number}` : number;
}

/** `undefined` if the user has not scrolled the list since opening the target. */
export function topOf(listTop: ListTop | undefined, { open }: Model): number | undefined {
  const isSameOpen = listTop?.open === open || isSameName(listTop?.open, open);
  return isSameOpen ? listTop?.top : undefined;
}

export function isTargetMuted(muted: readonly string[], target: string): boolean {
  return muted.some((entry) => isSameName(entry.replace(/^#/, ""), target));
}

/** Next place to read in the order of the inbox; `undefined` if nothing else is new. */
export function nextToRead(model: Model, muted: readonly string[]): RoomListEntry | undefined {
  return placesToRead(model, muted)[0];
}

/** Other places with something new, in the order of the inbox. */
export function placesToRead(model: Model, muted: readonly string[]): readonly RoomListEntry[] {
  const { rooms, people } = roomList(model);
  const rank = (entry: RoomListEntry) => (callsIn(entry) > 0 ? 0 : entry.kind === "room" ? 2 : 1);
  const newest = ({ target }: RoomListEntry) => roomOf(model, target)?.lastSeq ?? 0;
  return [...rooms, ...people]
    .filter((entry) => entry.unread > 0 && !entry.isOpen && !entry.isIgnored)
    .filter(({ target }) => !isTargetMuted(muted, target))
    .sort((a, b) => rank(a) - rank(b) || newest(b) - newest(a));
}

/** Place with its counts, such as `#ops (@1 34)`. */
export function countedPlace(model: Model, entry: RoomListEntry): string {
  return `${targetTitle(model, entry.target)} (${countText(callsIn(entry), entry.unread)})`;
}

/** In a conversation, every message is for the user, so none of them is counted as a call. */
function callsIn({ kind, mentions }: RoomListEntry): number {
  return kind === "room" ? mentions : 0;
}

function signOf({ kind, isOnline }: RoomListEntry): string {
  if (kind === "group") return "⁂";
  return isOnline === true ? "●" : "○";
}

function roomEntry(
  model: Model,
  line: ListedEntry,
  number: string,
  isQuiet: boolean,
  texts: ScreenTexts,
  columns: number,
): StyledLine {
  const { kind, name, unread, mentions, isOpen, isOnline, isIgnored, isSealed, hasDraft } = line;
  const { isFavourite, isLocked } = line;
  const hasUnread = unread > 0 && !isIgnored;
  const count = hasUnread ? ` ${newText(line, texts)} ` : "";
  const marks: StyledLine = [
    { text: isFavourite ? "★ " : "", role: "accent" },
    { text: isSealed ? "⚿ " : isLocked ? "⚷ " : "", role: "dim" },
    { text: isQuiet ? "⊘ " : "", role: "dim" },
    { text: hasDraft && !isOpen ? "✎ " : "", role: "accent" },
  ];
  const remaining = columns - 3 - count.length - lineWidth(marks);
  const text = kind === "person" ? nameWithin(model, name, remaining) : cleanText(name);
  const label = cutTo(text, Math.max(1, remaining));
  const isDim = isIgnored || (isQuiet && !hasUnread);
  const role = isOpen ? "open" : isDim ? "dim" : hasUnread && !isQuiet ? "busy" : undefined;
  const sign: Span =
    kind === "room"
      ? { text: "#", role: isOpen ? "open" : "dim" }
      : { text: signOf(line), role: isOnline === true ? "online" : "dim" };
  const head: StyledLine = [
    { text: `${number} `, role: "dim" },
    sign,
    role === undefined ? { text: label } : { text: label, role },
  ];
  const gap = columns - lineWidth(head) - count.length - lineWidth(marks);
  const background = isOpen ? ({ role: "open" } as const) : {};
  return [
    ...head,
    { text: " ".repeat(Math.max(0, gap)), ...background },
    ...marks,
    { text: count, role: isQuiet ? "dim" : mentions > 0 ? "calls" : "count" },
  ];
}

/** Number of unread messages; in an assignment, number of people whose work is new. */
function newText(line: ListedEntry, { screen }: ScreenTexts): string {
  const { newBoxes = 0, unread } = line;
  const calls = callsIn(line);
  if (newBoxes === 0) return countText(calls, unread);
  const work = screen.newSince(limitedCount(newBoxes), undefined);
  return calls > 0 ? `@${limitedCount(calls)} ${work}` : work;
}

const ROLE_SIGNS: Readonly<Record<string, string>> = { operator: "@", moderator: "+" };
const MUTED_SIGN = "-";
const BOT_SIGN = "*";

export interface MemberColumn extends ListScroll {
  readonly lines: readonly StyledLine[];
  readonly names: readonly (string | undefined)[];
}

/**
 * The person who is called on comes first, then raised hands in their order, then online members.
 * The last line contains the number of hidden members.
 * @param requestedTop number of members above the visible lines
 */
export function memberColumn(
  model: Model,
  texts: ScreenTexts,
  columns: number,
  height: number,
  requestedTop: number,
  nowUnixMs: number,
): MemberColumn {
  const { me } = model;
  const members = membersOf(model);
  const turns = new Map(turnsIn(model).map((name, turn) => [name.toLowerCase(), turn]));
  const turnOf = ({ name }: Member) => turns.get(name.toLowerCase());
  const sorted = [...members].sort((a, b) => {
    const byTurn = (turnOf(a) ?? turns.size) - (turnOf(b) ?? turns.size);
    if (byTurn !== 0) return byTurn;
    if (a.isOnline !== b.isOnline) return a.isOnline ? -1 : 1;
    return compareNames(a.name, b.name);
  });
  const topMax = Math.max(0, sorted.length + 1 - height);
  const top = Math.max(0, Math.min(requestedTop, topMax));
  const visible = sorted.slice(top, top + Math.max(0, height - (top === topMax ? 1 : 2)));
  const lines: StyledLine[] = [
    [
      { text: ` ${texts.people} `, role: "title" },
      { text: `${sorted.length}`, role: "dim" },
    ],
    ...visible.map((member) => {
      const own = isSameName(member.name, me) ? ` ${texts.you}` : "";
      const note = member.isInvited === true ? ` ${texts.invitedMark}` : own;
      const turn = turnOf(member);
      const signs: StyledLine =
        turn === undefined
          ? presenceSigns(member, nowUnixMs)
          : [{ text: turn === 0 ? " ▸ " : ` ✋ ${turn} `, role: "accent" }];
      return memberLine(model, member, signs, note, columns);
    }),
  ];
  const more = sorted.length - top - visible.length;
  if (more > 0) lines.push([{ text: ` ${texts.screen.moreCount(more)}`, role: "dim" }]);
  while (lines.length < height) lines.push([]);
  return {
    lines: lines.slice(0, height).map((line) => fitLine(line, columns)),
    names: [undefined, ...visible.map(({ name }) => name)].slice(0, height),
    top,
    topMax,
  };
}

/** The person who is called on, or an empty name, then the raised hands. */
function turnsIn(model: Model): readonly string[] {
  const room = openRoom(model);
  const isLive = model.connection.kind === "online" && room !== undefined;
  return isLive ? [shownCall(model, room) ?? "", ...shownHands(model, room)] : [];
}

/** Until the server has sent the full list, returns only the online members. */
function membersOf(model: Model): readonly Member[] {
  const { open, me } = model;
  const room = openRoom(model);
  if (open?.startsWith("@") === true) {
    const partner = room?.name ?? open.slice(1);
    const names = me === undefined || isSameName(partner, me) ? [partner] : [partner, me];
    return names.map((name) => ({ name, isOnline: isOnline(model, name), role: "member" }));
  }
  if (room === undefined) return [];
  if (room.members !== undefined) return room.members;
  return [...room.online].map((name) => ({ name, isOnline: true, role: "member" }));
}

function presenceSigns(member: Member, nowUnixMs: number): StyledLine {
  const { role, isBot, isOnline, mutedUntilUnixMs } = member;
  const isTargetMuted = isMutedAt(mutedUntilUnixMs, nowUnixMs);
  const sign = ROLE_SIGNS[role] ?? (isTargetMuted ? MUTED_SIGN : isBot ? BOT_SIGN : " ");
  return [
    { text: isOnline ? " ●" : " ○", role: isOnline ? "online" : "dim" },
    { text: sign, role: "dim" },
  ];
}

function memberLine(
  model: Model,
  { name, isOnline }: Member,
  signs: StyledLine,
  note: string,
  columns: number,
): StyledLine {
  const cleanName = cleanText(name);
  const shown = nameWithin(model, name, columns - lineWidth(signs) - widthOf(note));
  const account = shown === cleanName ? "" : ` ${cleanName}`;
  return [
    ...signs,
    { text: shown, role: isOnline ? nameRole(cleanName) : "dim" },
    { text: note + account, role: "dim" },
  ];
}

export interface HitRegions {
  readonly areas: Areas;
  /** Index in the text of the field that replaces the header. */
  readonly field: ((row: number, column: number) => number) | undefined;
  readonly rooms: () => RoomColumn;
  readonly members: () => MemberColumn;
  /**
   * Lines of the open overlay, which end at the bottom of the body; `undefined` if none is open.
   */
  readonly overlay: () => readonly Entry[] | undefined;
  readonly timeline: (
    row: number,
  ) => { readonly key: string; readonly line: StyledLine } | undefined;
  readonly statusLine: () => StyledLine;
}

export function hitAt(regions: HitRegions, column: number, row: number): Hit | undefined {
  const { header, body, notices, status, input } = regions.areas;
  let at = row - header;
  if (row >= 0 && at < 0 && regions.field) return { kind: "input", at: regions.field(0, column) };
  if (at < 0) return undefined;
  if (at < body) return hitInBody(regions, column, at);
  at -= body + notices.length;
  if (at < 0) return undefined;
  if (at < status) {
    const action = spanAt(regions.statusLine(), column)?.clickAction;
    return action === "newest" || action === "unread" ? { kind: action } : undefined;
  }
  at -= status;
  if (regions.field !== undefined) return undefined;
  return at < input.lines.length ? { kind: "input", at: input.indexAt(at, column) } : undefined;
}

function hitInBody(regions: HitRegions, column: number, row: number): Hit {
  const { rooms, timeline, body, before, pane } = regions.areas;
  if (column < rooms) {
    const target = regions.rooms().targets[row];
    return target === INBOX_ROW ? { kind: "inbox" } : { kind: "rooms", target };
  }
  const inside = column - before;
  if (inside < 0 || (pane > 0 && inside >= timeline)) return { kind: "pane" };
  if (inside >= timeline) return { kind: "members", name: regions.members().names[row] };
  const entries = regions.overlay();
  const index = row - body + (entries?.length ?? 0);
  if (entries !== undefined && index >= 0) {
    const { choice, isHeading = false } = entries[index] ?? {};
    return { kind: "overlay", choice, isHeading };
  }
  const found = regions.timeline(row);
  const span = found === undefined ? undefined : spanAt(found.line, inside);
  const action =
    span?.clickAction === "fetch" || span?.clickAction === "unfold" ? span.clickAction : undefined;
  const { link, file } = span ?? {};
  return { kind: "timeline", key: found?.key, clickAction: action, link, file };
}
