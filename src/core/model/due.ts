/** Assignments that are due, and what the user has handed in. */

import { DAY_MS } from "../../base/time.ts";
import { isQuestion } from "../rooms/rules.ts";
import { isMessage } from "./item.ts";
import { isBoxed, postTarget, roomOf } from "./selectors.ts";
import type { Item, Model, RoomState } from "./state.ts";

export interface DueWork {
  readonly room: RoomState;
  readonly dueUnixMs: number;
  /** `undefined` if the loaded messages do not say it. */
  readonly isHandedIn: boolean | undefined;
}

const OVERDUE_MS_MAX = 14 * DAY_MS;

/**
 * @returns work in the order in which it is due; work that is overdue only for two weeks, unless it
 * was handed in
 */
export function dueWork(model: Model, nowUnixMs: number): readonly DueWork[] {
  const found = [...model.rooms.values()].flatMap((room): DueWork[] => {
    const { due } = room.rules;
    if (due === undefined || !isBoxed(model, room.target)) return [];
    const isHandedIn = hasHandedIn(model, room.target);
    const isOver = due < nowUnixMs;
    if (isOver && (isHandedIn !== false || due < nowUnixMs - OVERDUE_MS_MAX)) return [];
    return [{ room, dueUnixMs: due, isHandedIn }];
  });
  return found.sort((a, b) => a.dueUnixMs - b.dueUnixMs);
}

/** @returns `undefined` if the loaded messages of the user's box do not say it */
export function hasHandedIn(model: Model, target: string): boolean | undefined {
  const box = roomOf(model, postTarget(model, target))?.tail;
  if (box?.items.some((item) => item.isMine && isMessage(item) && isWork(item)) === true)
    return true;
  return box?.hasOlder === true ? undefined : false;
}

/** Time after `due` at which the user handed in first, if the loaded messages say so. */
export function lateWork({ tail }: RoomState, due: number): number | undefined {
  if (tail.hasOlder) return undefined;
  const first = tail.items.find((item) => item.isMine && isMessage(item) && isWork(item));
  return first === undefined || first.timeUnixMs <= due ? undefined : first.timeUnixMs - due;
}

/** A question in a box is no work. */
export function isWork({ state, files, text }: Item): boolean {
  return state === "whole" && (files.length > 0 || !isQuestion(text));
}
