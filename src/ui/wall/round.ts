/** Round of a stand-up: everybody who is here speaks once, each for the same time. */

import { WALL_ROUND_MAX } from "../../base/limits.ts";
import { MINUTE_MS } from "../../base/time.ts";
import type { Member, RoomState } from "../../core/model/state.ts";
import type { WallChange } from "../../core/rooms/wall.ts";
import type { WallState } from "../../wire/messages.ts";

export const TURN_MS = 2 * MINUTE_MS;

type RoundRoom = Pick<RoomState, "members" | "wall">;

/** People who may vote, hand in, speak or be here: neither programs nor people yet to join. */
export function wallMembers({ members = [] }: Pick<RoomState, "members">): readonly Member[] {
  return members.filter(({ isBot, isInvited }) => isBot !== true && isInvited !== true);
}

/** @returns `undefined` if nobody is here */
export function roundStart(room: RoundRoom, turnMs: number): WallChange | undefined {
  const round = wallMembers(room)
    .filter(({ isOnline }) => isOnline)
    .slice(0, WALL_ROUND_MAX)
    .map(({ name }) => name);
  if (round.length === 0) return undefined;
  return { scene: "lesson", round, turn: 0, leftMs: turnMs, runs: true };
}

/** Ends the round, and the time of its turns. */
export const ROUND_END: WallChange = { round: [], leftMs: 0 };

/**
 * The next or the previous turn, which has its whole time. The round ends after the last person.
 * @returns `undefined` without a round, and before its first turn
 */
export function roundStep(wall: WallState | undefined, by: 1 | -1): WallChange | undefined {
  const { round = [], turn = 0, lengthMs } = wall ?? {};
  const next = turn + by;
  if (round.length === 0 || next < 0) return undefined;
  if (next >= round.length) return ROUND_END;
  return lengthMs === undefined ? { turn: next } : { turn: next, leftMs: lengthMs, runs: true };
}
