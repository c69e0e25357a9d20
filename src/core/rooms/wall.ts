/**
 * A room on a wall: a page without controls for a projector, which moderators steer from any
 * device. Each record has the whole state, so the newest one is enough.
 */

import { Fault, msg } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import { WALL_TIMER_MS_MAX } from "../../base/limits.ts";
import { clampUnixMs } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import { WALL_NAMES, WALL_SCENES } from "../../wire/field.ts";
import type { Body } from "../../wire/kinds.ts";
import type { RequestFields, WallState } from "../../wire/messages.ts";
import type { Draft } from "../../wire/record.ts";
import type { Room } from "./rooms.ts";
import { displayedName } from "./targets.ts";

export type WallChange = Omit<RequestFields<"wall">, "room">;

export interface WallAction {
  readonly kind: "wall";
  readonly room: RoomId;
  readonly change: WallChange;
}

/** State of a wall that nobody has steered yet. */
export const NEW_WALL: WallState = { scene: "lesson", names: "first" };

/**
 * Returns the state in a record's body; `undefined` if the room is on no wall. Values that only
 * later versions know count as absent.
 */
export function wallOf(body: Body<"wall"> | undefined): WallState | undefined {
  if (body?.on !== true) return undefined;
  const { line = "", lengthMs = 0, untilUnixMs, leftMs } = body;
  const hasTimer = lengthMs > 0 && (untilUnixMs !== undefined || leftMs !== undefined);
  const timer = hasTimer
    ? {
        lengthMs: Math.min(lengthMs, WALL_TIMER_MS_MAX),
        untilUnixMs: untilUnixMs && clampUnixMs(untilUnixMs),
        leftMs: untilUnixMs === undefined ? Math.min(leftMs ?? 0, lengthMs) : undefined,
      }
    : undefined;
  return defined({
    scene: WALL_SCENES.find((scene) => scene === body.scene) ?? NEW_WALL.scene,
    names: WALL_NAMES.find((names) => names === body.names) ?? NEW_WALL.names,
    line: line === "" ? undefined : line,
    timer: timer && defined(timer),
  });
}

/** @throws {Fault} not-allowed or sealed-room */
export function wallDraft(
  room: Room,
  by: UserId,
  isModerator: boolean,
  { change }: WallAction,
  unixMs: number,
): Draft {
  if (room.name === undefined || room.box !== undefined || !isModerator) {
    const name = displayedName(room);
    throw new Fault("not-allowed", msg`only moderators can show '${name}' on a wall`, {
      remedy: msg`ask a moderator`,
    });
  }
  if (room.isSealed === true && (change.line ?? "") !== "") {
    throw new Fault("sealed-room", msg`this line would not be encrypted, but the room is`, {
      remedy: msg`omit the line`,
    });
  }
  const body =
    change.on === false ? { on: false } : bodyAfter(room.wall ?? NEW_WALL, change, unixMs);
  return { kind: "wall", room: room.id, by, id: "", body };
}

function bodyAfter(before: WallState, change: WallChange, unixMs: number): Body<"wall"> {
  const { scene = before.scene, names = before.names, line = before.line, timer } = change;
  const { lengthMs, untilUnixMs, leftMs } =
    timer === undefined ? (before.timer ?? NO_TIMER) : timerAfter(before, timer, unixMs);
  return defined({
    on: true,
    scene,
    names,
    line: line === "" ? undefined : line,
    lengthMs,
    untilUnixMs,
    leftMs,
  });
}

const NO_TIMER: Partial<NonNullable<WallState["timer"]>> = {};

/** `leftMs` sets the time, 0 removes the timer. Without it, a timer continues or pauses. */
function timerAfter(
  { timer: before }: WallState,
  { leftMs, runs }: NonNullable<WallChange["timer"]>,
  unixMs: number,
): Partial<NonNullable<WallState["timer"]>> {
  const lengthMs = leftMs ?? before?.lengthMs ?? 0;
  const left = leftMs ?? timeLeft(before, unixMs);
  if (lengthMs === 0) return NO_TIMER;
  return runs ? { lengthMs, untilUnixMs: unixMs + left } : { lengthMs, leftMs: left };
}

/** Milliseconds that remain on the timer; 0 if there is none, or if its time is up. */
export function timeLeft(timer: WallState["timer"], unixMs: number): number {
  const { untilUnixMs, leftMs = 0 } = timer ?? {};
  return untilUnixMs === undefined ? leftMs : Math.max(0, untilUnixMs - unixMs);
}
