/** Raised hands in the open room, and the turn of the user in any room. */

import { ownTurns } from "./activity.ts";
import { isSameName } from "./item.ts";
import { isModerator, openRoom } from "./selectors.ts";
import type { Model, RoomState } from "./state.ts";
import { shownCall, shownHands } from "./unignored.ts";

/** Room in which a moderator calls on the user: the open one, or else the first of them. */
export function ownTurn(model: Model): RoomState | undefined {
  const turns = ownTurns(model);
  const open = openRoom(model);
  return turns.find(({ id }) => id === open?.id) ?? turns[0];
}

export type HandStep =
  /** Raises or lowers the user's own hand. Also ends the call on the user. */
  | { readonly kind: "own"; readonly target: string; readonly isRaised: boolean }
  | { readonly kind: "call"; readonly target: string; readonly user: string }
  /** Ends the call on somebody else. */
  | { readonly kind: "end"; readonly target: string; readonly user: string };

/**
 * The next step of one key: the user's own turn ends first, in whichever room it is; a moderator
 * calls on the next hand; others raise or lower their own.
 * @returns `undefined` if no hand is up in the room that the user moderates, or no room is open
 */
export function handStep(model: Model): HandStep | undefined {
  const turn = ownTurn(model);
  if (turn !== undefined) return { kind: "own", target: turn.target, isRaised: false };
  const room = openRoom(model);
  if (room === undefined) return undefined;
  const isRaised = room.hands.some((name) => isSameName(name, model.me));
  if (isModerator(model, room)) return moderatorStep(model, room);
  return { kind: "own", target: room.target, isRaised: !isRaised };
}

/**
 * Calls on the next hand. Without one, ends the call on who speaks.
 * @returns `undefined` if no hand is up, and nobody is called on
 */
export function moderatorStep(model: Model, room: RoomState): HandStep | undefined {
  const { target } = room;
  const [user] = shownHands(model, room);
  if (user !== undefined) return { kind: "call", target, user };
  const called = shownCall(model, room);
  return called === undefined ? undefined : { kind: "end", target, user: called };
}
