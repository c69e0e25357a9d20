/** Steps of a moderator, from the keys of a wall and from the page that steers it. */

import { MINUTE_MS } from "../../../base/time.ts";
import { moderatorStep } from "../../../core/model/hands.ts";
import { isSameName } from "../../../core/model/item.ts";
import { roomOf } from "../../../core/model/selectors.ts";
import type { WallChange } from "../../../core/rooms/wall.ts";
import { roundStep } from "../../../ui/wall/round.ts";
import type { PageValue } from "../shell/context.tsx";

export const TIMER_MINUTES = [1, 3, 5, 10, 15, 20, 30, 45] as const;
const TIMER_MS = 5 * MINUTE_MS;

type Steering = Pick<PageValue, "chat" | "fail">;

export async function changeWall({ chat }: Steering, room: string, change: WallChange) {
  await chat.request("wall", { room, ...change });
}

export function showWall(page: Steering, target: string, change: WallChange): void {
  void changeWall(page, target, change).catch(page.fail);
}

/** Steps in the round. Returns `false` without one. */
export function stepRound(page: Steering, target: string, by: 1 | -1): boolean {
  const wall = roomOf(page.chat.model, target)?.wall;
  if ((wall?.round ?? []).length === 0) return false;
  const change = roundStep(wall, by);
  if (change !== undefined) showWall(page, target, change);
  return true;
}

/** The next turn of a round, or the next hand. Without one, ends the call on who speaks. */
export function callNext(page: Steering, target: string): void {
  if (stepRound(page, target, 1)) return;
  const { chat, fail } = page;
  const room = roomOf(chat.model, target);
  const step = room && moderatorStep(chat.model, room);
  if (step?.kind === "call") void chat.actions.callOn(target, step.user).catch(fail);
  else if (step?.kind === "end") endCall(page, target, step.user);
}

export function endCall({ chat, fail }: Steering, target: string, called: string): void {
  const user = isSameName(called, chat.model.me) ? undefined : called;
  void chat.actions.toggleHand(target, user).catch(fail);
}

/** Pauses a timer that runs, and otherwise continues it or starts one. */
export function toggleTimer(page: Steering, target: string): void {
  const { lengthMs, until } = roomOf(page.chat.model, target)?.wall ?? {};
  if (lengthMs === undefined) return showWall(page, target, { runs: true, leftMs: TIMER_MS });
  if (until !== undefined && until <= Date.now()) return showWall(page, target, { leftMs: 0 });
  showWall(page, target, { runs: until === undefined });
}
