/** Finds the target at a screen position, using the lines that are shown. */

import type { Hit } from "../state/hit.ts";
import type { Areas } from "./composition.ts";
import type { MemberColumn } from "./members.ts";
import type { Entry } from "./overlay.ts";
import type { RoomColumn } from "./rooms.ts";
import { type Line, spanAt } from "./style.ts";

/** The regions of one screen. The lines of a region are computed only when needed. */
export interface HitParts {
  readonly areas: Areas;
  readonly rooms: () => RoomColumn;
  readonly members: () => MemberColumn;
  /** From the body's last line up; `undefined` if none is open. */
  readonly overlay: () => readonly Entry[] | undefined;
  readonly timeline: (row: number) => { readonly key: string; readonly line: Line } | undefined;
  readonly statusLine: () => Line;
}

/** @param column from 0, like the row @returns `undefined` if a click there does nothing */
export function hitAt(parts: HitParts, column: number, row: number): Hit | undefined {
  const { header, body, notices, status, input } = parts.areas;
  let at = row - header;
  if (at < 0) return undefined;
  if (at < body) return inBody(parts, column, at);
  at -= body + notices.length;
  if (at < 0) return undefined;
  if (at < status) {
    const does = spanAt(parts.statusLine(), column)?.does;
    return does === "newest" || does === "unread" ? { kind: does } : undefined;
  }
  at -= status;
  return at < input.lines.length ? { kind: "input", at: input.indexAt(at, column) } : undefined;
}

function inBody(parts: HitParts, column: number, row: number): Hit {
  const { rooms, timeline, body } = parts.areas;
  if (column < rooms) return { kind: "rooms", target: parts.rooms().targets[row] };
  const inside = column - rooms;
  if (inside >= timeline) return { kind: "members", name: parts.members().names[row] };
  const entries = parts.overlay();
  const place = row - body + (entries?.length ?? 0);
  if (entries !== undefined && place >= 0) {
    const { choice, isHeading = false } = entries[place] ?? {};
    return { kind: "overlay", choice, isHeading };
  }
  const found = parts.timeline(row);
  const span = found === undefined ? undefined : spanAt(found.line, inside);
  const does = span?.does === "fetch" || span?.does === "unfold" ? span.does : undefined;
  return { kind: "timeline", key: found?.key, does, link: span?.link };
}
