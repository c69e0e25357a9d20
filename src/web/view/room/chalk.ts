/** Colours of the tiles of rooms. */

import type { CSSProperties } from "react";
import { ROOM_CHALKS } from "../../../base/limits.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { shownFace } from "../../../core/rooms/profiles.ts";
import type { RoomFace } from "../../../wire/messages.ts";

/** Colour of a room's tile, from 1 on: the chosen one, or that of the room's id. */
export function chalkNumber(room: string, face?: RoomFace): number {
  return shownFace(face)?.chalk ?? (tintOf(room) % ROOM_CHALKS) + 1;
}

/** Style of a room's chalk. */
export function chalkOf(room: string, face?: RoomFace): CSSProperties {
  return chalkStyle(chalkNumber(room, face));
}

export function chalkStyle(number: number): CSSProperties {
  const chalk = `--chalk-${number}`;
  return { "--chalk": `var(${chalk})`, "--chalk-on": `var(${chalk}-on)` } as CSSProperties;
}
