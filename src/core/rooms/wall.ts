/**
 * A room on a wall: a page without controls for a projector, which moderators steer from any
 * device. Each record has the whole state, so the newest one is enough.
 */

import { Fault, msg } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import { WALL_ROUND_MAX, WALL_TIMER_MS_MAX } from "../../base/limits.ts";
import { clampUnixMs } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
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

/** `blank`: nothing but the room and the line. */
export const WALL_SCENES = ["lesson", "door", "timer", "blank"] as const;
/** Names of people on a wall: first names, whole names, or neither names nor faces. */
export const WALL_NAMES = ["first", "full", "none"] as const;
export type WallScene = (typeof WALL_SCENES)[number];
export type WallNames = (typeof WALL_NAMES)[number];

/** Returns the scene of a wall, also if only later versions know it. */
export function sceneOf({ scene }: Pick<WallState, "scene">): WallScene {
  return WALL_SCENES.find((known) => known === scene) ?? NEW_WALL.scene;
}

/** Returns the form of the names on a wall, also if only later versions know it. */
export function namesOf({ names }: Pick<WallState, "names">): WallNames {
  return WALL_NAMES.find((known) => known === names) ?? NEW_WALL.names;
}

/** State of a wall that nobody has steered yet. */
const NEW_WALL = { scene: "lesson", names: "first" } as const;

/**
 * Returns the state in a record's body; `undefined` if the room is on no wall. Values that only
 * later versions know count as absent.
 */
export function wallOf(body: Body<"wall"> | undefined): WallState | undefined {
  if (body?.on !== true) return undefined;
  const { line = "", lengthMs = 0, until, leftMs = 0 } = body;
  const timer = {
    lengthMs: Math.min(lengthMs, WALL_TIMER_MS_MAX),
    until: until && clampUnixMs(until),
  };
  const rest = until === undefined ? Math.min(leftMs, timer.lengthMs) : undefined;
  return defined({
    scene: sceneOf(body),
    names: namesOf(body),
    line: line === "" ? undefined : line,
    ...(lengthMs === 0 ? {} : { ...timer, leftMs: rest }),
    ...roundOf(body),
  });
}

type Round = Pick<WallState, "round" | "turn">;

/** Without people there is no round. */
function roundOf({ round = [], turn = 0 }: Body<"wall">): Round {
  const people = round.filter((user) => typeof user === "string").slice(0, WALL_ROUND_MAX);
  return people.length === 0 ? {} : { round: people, turn: Math.min(turn, people.length) };
}

/** @throws {Fault} not-allowed, usage or sealed-room */
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
  const { scene = NEW_WALL.scene, names = NEW_WALL.names } = change;
  if (sceneOf({ scene }) !== scene || namesOf({ names }) !== names) {
    throw new Fault("usage", msg`unknown scene or names of a wall`, {
      remedy: msg`use ${[...WALL_SCENES, ...WALL_NAMES].join(", ")}`,
    });
  }
  const body = change.on === false ? { on: false } : bodyAfter(room, change, unixMs);
  return { kind: "wall", room: room.id, by, id: "", body };
}

function bodyAfter(room: Room, change: WallChange, unixMs: number): Body<"wall"> {
  const before: WallState = room.wall ?? NEW_WALL;
  const { scene = before.scene, names = before.names, line = before.line } = change;
  const timer = timerAfter(before, change, unixMs);
  const round = roundAfter(room, before, change);
  const text = line === "" ? undefined : line;
  return defined({ on: true, scene, names, line: text, ...timer, ...round });
}

/** A new round begins with its first person. People who have left the room are not in it. */
function roundAfter({ members }: Room, before: Round, { round, turn }: WallChange): Round {
  const people =
    round === undefined
      ? before.round
      : [...new Set(round)].filter((user) => members.has(user as UserId));
  if (people === undefined || people.length === 0) return {};
  const spoken = turn ?? (round === undefined ? before.turn : undefined) ?? 0;
  return { round: people, turn: Math.min(spoken, people.length) };
}

type Timer = Pick<WallState, "lengthMs" | "until" | "leftMs">;

function timerAfter(before: Timer, { leftMs, runs }: WallChange, unixMs: number): Timer {
  const { lengthMs = 0, until, leftMs: left } = before;
  if (leftMs === undefined && runs === undefined) return { lengthMs, until, leftMs: left };
  const rest = Math.min(leftMs ?? timeLeft(before, unixMs), WALL_TIMER_MS_MAX);
  const isRunning = runs ?? until !== undefined;
  return {
    lengthMs: leftMs === undefined ? lengthMs : rest,
    until: isRunning ? unixMs + rest : undefined,
    leftMs: isRunning ? undefined : rest,
  };
}

/**
 * Returns the state as readers receive it: with the time that remains, so that a reader's clock
 * need not agree with the server's, and with names in place of the ids of a round. Removed accounts
 * are no longer in the round.
 */
export function sentWall(
  wall: WallState,
  unixMs: number,
  nameOf: (id: UserId) => string | undefined,
): WallState {
  const { round = [], turn = 0, lengthMs } = wall;
  const timed = lengthMs === undefined ? wall : { ...wall, leftMs: timeLeft(wall, unixMs) };
  if (round.length === 0) return timed;
  const namesIn = (ids: readonly string[]) => ids.flatMap((id) => nameOf(id as UserId) ?? []);
  return { ...timed, round: namesIn(round), turn: namesIn(round.slice(0, turn)).length };
}

/** Milliseconds that remain on the timer; 0 if there is none, or if its time is up. */
export function timeLeft({ until, leftMs = 0 }: Timer, unixMs: number): number {
  return until === undefined ? leftMs : Math.max(0, until - unixMs);
}
