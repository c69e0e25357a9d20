/** Maps screen positions to click targets. */

import type { Hit } from "../state/hit.ts";
import type { Areas } from "./composition.ts";
import type { MemberColumn } from "./members.ts";
import type { Entry } from "./overlay.ts";
import type { RoomColumn } from "./rooms.ts";
import { type Line, spanAt } from "./style.ts";

export interface HitRegions {
  readonly areas: Areas;
  readonly rooms: () => RoomColumn;
  readonly members: () => MemberColumn;
  /**
   * Lines of the open overlay, which end at the bottom of the body; `undefined` if none is open.
   */
  readonly overlay: () => readonly Entry[] | undefined;
  readonly timeline: (row: number) => { readonly key: string; readonly line: Line } | undefined;
  readonly statusLine: () => Line;
}

export function hitAt(regions: HitRegions, column: number, row: number): Hit | undefined {
  const { header, body, notices, status, input } = regions.areas;
  let at = row - header;
  if (at < 0) return undefined;
  if (at < body) return hitInBody(regions, column, at);
  at -= body + notices.length;
  if (at < 0) return undefined;
  if (at < status) {
    const action = spanAt(regions.statusLine(), column)?.clickAction;
    return action === "newest" || action === "unread" ? { kind: action } : undefined;
  }
  at -= status;
  return at < input.lines.length ? { kind: "input", at: input.indexAt(at, column) } : undefined;
}

function hitInBody(regions: HitRegions, column: number, row: number): Hit {
  const { rooms, timeline, body } = regions.areas;
  if (column < rooms) return { kind: "rooms", target: regions.rooms().targets[row] };
  const inside = column - rooms;
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
  return { kind: "timeline", key: found?.key, clickAction: action, link: span?.link };
}
