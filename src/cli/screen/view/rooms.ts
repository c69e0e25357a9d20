/** Room and conversation list beside the timeline. */

import { cleanText } from "../../../base/text.ts";
import { isSameName } from "../../../core/model/item.ts";
import { type RoomListEntry, roomList } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import type { ListScroll, ListTop } from "../state/hit.ts";
import { fitLine, type Line, lineWidth, type Span } from "./style.ts";
import { cutTo } from "./width.ts";

const COUNT_MAX = 999;
/** Alt and a digit open one of the first ten targets. */
const NUMBERED_TARGETS_MAX = 10;

export interface RoomColumn extends ListScroll {
  readonly lines: readonly Line[];
  readonly targets: readonly (string | undefined)[];
}

/** @param listTop if `undefined`, the list scrolls to the open target */
export function roomColumn(
  model: Model,
  muted: readonly string[],
  columns: number,
  height: number,
  listTop: ListTop | undefined,
): RoomColumn {
  const { rooms, people } = roomList(model);
  const entries = [...rooms, ...people];
  const targets: (string | undefined)[] = entries.map(({ target }) => target);
  const lines: Line[] = entries.map((line, i) => {
    const number = i < NUMBERED_TARGETS_MAX ? `${(i + 1) % NUMBERED_TARGETS_MAX}` : " ";
    return fitLine(roomEntry(line, number, isMuted(muted, line.target), columns), columns);
  });
  if (rooms.length > 0 && people.length > 0 && lines.length < height) {
    lines.splice(rooms.length, 0, fitLine([], columns));
    targets.splice(rooms.length, 0, undefined);
  }
  const topMax = Math.max(0, lines.length - height);
  const centered = entries.findIndex(({ isOpen }) => isOpen) - Math.floor(height / 2);
  const requestedTop = topOf(listTop, model) ?? centered;
  const top = Math.max(0, Math.min(requestedTop, topMax));
  const visible = lines.slice(top, top + height);
  while (visible.length < height) visible.push(fitLine([], columns));
  return { lines: visible, targets: targets.slice(top, top + height), top, topMax };
}

/** `undefined` if the user has not scrolled the list since opening the target. */
export function topOf(listTop: ListTop | undefined, { open }: Model): number | undefined {
  const isSameOpen = listTop?.open === open || isSameName(listTop?.open, open);
  return isSameOpen ? listTop?.top : undefined;
}

export function isMuted(muted: readonly string[], target: string): boolean {
  return muted.some((entry) => isSameName(entry.replace(/^#/, ""), target));
}

function roomEntry(line: RoomListEntry, number: string, isQuiet: boolean, columns: number): Line {
  const { kind, name, unread, mentions, isOpen, isOnline, isIgnored, isSealed, hasDraft } = line;
  const { isFavourite, isLocked } = line;
  const hasUnread = unread > 0 && !isIgnored;
  const count = hasUnread ? ` ${unread > COUNT_MAX ? `${COUNT_MAX}+` : unread} ` : "";
  const marks: Line = [
    { text: isFavourite ? "★ " : "", role: "accent" },
    { text: isSealed ? "⚿ " : isLocked ? "⚷ " : "", role: "dim" },
    { text: isQuiet ? "⊘ " : "", role: "dim" },
    { text: hasDraft && !isOpen ? "✎ " : "", role: "accent" },
  ];
  const remaining = columns - 3 - count.length - lineWidth(marks);
  const label = cutTo(cleanText(name), Math.max(1, remaining));
  const isDim = isIgnored || (isQuiet && !hasUnread);
  const role = isOpen ? "open" : isDim ? "dim" : hasUnread && !isQuiet ? "busy" : undefined;
  const sign: Span =
    kind === "room"
      ? { text: "#", role: isOpen ? "open" : "dim" }
      : { text: isOnline === true ? "●" : "○", role: isOnline === true ? "online" : "dim" };
  const head: Line = [
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
