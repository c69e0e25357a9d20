/** Lines of a list that rename or close rooms, for example at the beginning of a school year. */

import { msg } from "../../base/fault.ts";
import { type FoldedName, foldName, isGroupName, type Name } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import { LOBBY } from "../rooms/rooms.ts";
import type { RoomLine } from "./class-list.ts";
import type { ImportChange, Question, SettledLine } from "./import-plan.ts";
import type { Problem, Reason } from "./list-text.ts";

export interface ListedRoomState {
  readonly name: Name;
  readonly title?: string | undefined;
  readonly isClosed: boolean;
  readonly former: readonly string[];
}

export interface RoomLinesPlan {
  /** Each name is free when a room takes it. */
  readonly changes: readonly ImportChange[];
  readonly problems: readonly Problem[];
  readonly questions: readonly Question[];
  readonly settled: readonly SettledLine[];
  /** New names of rooms by their present ones. */
  readonly renamed: ReadonlyMap<FoldedName, Name>;
  /** Names that rooms give up, or gave up when the list was imported before. */
  readonly vacated: ReadonlySet<FoldedName>;
}

type Rename = RoomLine & { readonly to: Name };

/** @param isConfirmed whether the user has said that a rename to this name was made before */
export function planRoomLines(
  lines: readonly RoomLine[],
  rooms: ReadonlyMap<FoldedName, ListedRoomState>,
  isConfirmed: (to: Name) => boolean,
): RoomLinesPlan {
  const changes: ImportChange[] = [];
  const problems: Problem[] = [];
  const questions: Question[] = [];
  const settled: SettledLine[] = [];
  const renamed = new Map<FoldedName, Name>();
  const vacated = new Set<FoldedName>();
  const refuse = (line: number, ...reason: Reason) => void problems.push({ line, reason });
  const bySource = new Map<FoldedName, RoomLine>();
  const targets = new Set<FoldedName>();
  const valid = lines.filter((one) => {
    const { line, room, to } = one;
    const [source, target] = [foldName(room), to === undefined ? undefined : foldName(to)];
    const isTwice = bySource.has(source) || (target !== undefined && targets.has(target));
    if (isTwice) refuse(line, msg`names a room that another line renames`, msg`remove one of them`);
    else if (source === foldName(LOBBY) || target === foldName(LOBBY))
      refuse(line, msg`names the lobby, which cannot change`, msg`remove the line`);
    else if (to !== undefined && isGroupName(to))
      refuse(line, msg`names '${to}', which only a group can have`, msg`choose another room`);
    else if (source !== target) {
      bySource.set(source, one);
      if (target !== undefined) targets.add(target);
      return true;
    }
    return false;
  });
  const results = new Map<RoomLine, boolean>();
  const path = new Set<RoomLine>();

  const isFree = (to: Name): boolean => {
    if (!rooms.has(foldName(to))) return true;
    const next = bySource.get(foldName(to));
    return next?.to !== undefined && isRenamed(next as Rename);
  };
  /** Whether this import renames the room. Plans the room first whose name it takes. */
  const isRenamed = (one: Rename): boolean => {
    const known = results.get(one);
    if (known !== undefined) return known;
    if (path.has(one)) {
      refuse(one.line, msg`exchanges the names of rooms`, msg`rename one of them first`);
      return false;
    }
    path.add(one);
    const result = rename(one);
    path.delete(one);
    results.set(one, result);
    return result;
  };
  const rename = ({ line, room, to, title }: Rename): boolean => {
    const [from, target] = [rooms.get(foldName(room)), rooms.get(foldName(to))];
    const isOfRoom = target?.former.some((name) => name === foldName(room)) === true;
    if (from === undefined) {
      if (isOfRoom) {
        settled.push({ line, reason: [msg`${room} was renamed to ${to} before`] });
        vacated.add(foldName(room));
      } else refuse(line, msg`names the room ${room}, which does not exist`, msg`check the name`);
      return false;
    }
    if (isFree(to)) {
      // The display name of last year would mislead.
      const change = title ?? (from.title === undefined ? undefined : "");
      const { name } = from;
      changes.push({ line, kind: "rename-room", room: name, to, ...defined({ title: change }) });
      renamed.set(foldName(room), to);
      vacated.add(foldName(room));
      return true;
    }
    if (problems.some((problem) => problem.line === line)) return false;
    vacated.add(foldName(room));
    if (isConfirmed(to)) settled.push({ line, reason: [msg`${room} was renamed to ${to} before`] });
    else
      questions.push({
        line,
        reason: [
          msg`renames ${room} to ${to}, which is another room now`,
          msg`rename or remove ${to} first, or confirm it if this list was imported before`,
        ],
        subject: { kind: "room", name: target?.name ?? to },
      });
    return false;
  };
  for (const one of valid) {
    if (one.to !== undefined) {
      isRenamed(one as Rename);
      continue;
    }
    const room = rooms.get(foldName(one.room));
    const { line } = one;
    if (room === undefined)
      refuse(line, msg`names the room ${one.room}, which does not exist`, msg`check the name`);
    else if (room.isClosed) settled.push({ line, reason: [msg`${room.name} is closed`] });
    else changes.push({ line, kind: "close-room", room: room.name });
  }
  return { changes, problems, questions, settled, renamed, vacated };
}
