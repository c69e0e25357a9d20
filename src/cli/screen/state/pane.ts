/** The second pane of a wide screen: a place beside the one with the input. */

import { isSameName } from "../../../core/model/item.ts";
import { openRoom, roomOf } from "../../../core/model/selectors.ts";
import type { Model, RoomState, ThreadState } from "../../../core/model/state.ts";

/** The place that is visible beside the open one. */
export interface Pane {
  readonly target: string;
  /** Open thread, as it was when the input left it; `undefined` for the room itself. */
  readonly thread: ThreadState | undefined;
  /** Whether it is the left one. */
  readonly isLeft: boolean;
}

export const PANES_FROM_COLUMNS = 140;
const RIGHT_COLUMNS_MIN = 48;

/** Columns of the right one of two panes, its edge included. */
export function rightColumns(columns: number): number {
  return Math.max(RIGHT_COLUMNS_MIN, Math.floor((columns * 2) / 5));
}

/** The place with the input, as the pane that it becomes. */
export function openPane(model: Model, isLeft: boolean): Pane | undefined {
  const { open } = model;
  const room = openRoom(model);
  if (open === undefined) return undefined;
  return { target: room?.target ?? open, thread: room?.thread, isLeft };
}

/** Whether the pane shows what has the input. */
export function isOpenPane(model: Model, { target, thread }: Pane): boolean {
  const room = openRoom(model);
  return isSameName(room?.target ?? model.open, target) && room?.thread?.root === thread?.root;
}

/** Returns the model as if the pane had the input. */
export function paneModel(model: Model, { target, thread }: Pane): Model {
  const room = roomOf(model, target);
  const open = { ...model, open: target };
  if (room === undefined || room.thread === thread) return open;
  const shown = { ...room, thread: thread && withNewReplies(thread, room) };
  return { ...open, rooms: new Map([...model.rooms, [room.id, shown]]) };
}

/** A thread whose room is not open gets its new replies from the room. */
function withNewReplies(thread: ThreadState, { tail }: RoomState): ThreadState {
  const last = thread.items.at(-1)?.seq ?? thread.root;
  const added = tail.items.filter(({ seq, re }) => seq > last && re === thread.root);
  return added.length === 0 ? thread : { ...thread, items: [...thread.items, ...added] };
}
