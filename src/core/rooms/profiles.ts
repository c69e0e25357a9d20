/** How a room is displayed: its display name, and its face on the tile. */

import { Fault, msg } from "../../base/fault.ts";
import { ROOM_CHALKS } from "../../base/limits.ts";
import { isMark } from "../../base/room-marks.ts";
import { defined } from "../../base/values.ts";
import type { Body } from "../../wire/kinds.ts";
import type { RequestFields, RoomFace } from "../../wire/messages.ts";

/** Checked fields that change. Empty texts and a 0 remove what they name. */
export type ProfileChange = Omit<RequestFields<"profile">, "room">;

interface Displayed {
  readonly title?: string | undefined;
  readonly face?: RoomFace | undefined;
}

/** Returns the fields that differ from the room's, for the body of a record. */
export function profileAfter(
  { title = "", face: { mark = "", chalk = 0 } = {} }: Displayed,
  change: ProfileChange,
): Body<"profile"> {
  return defined({
    title: change.title === title ? undefined : change.title,
    mark: change.mark === mark ? undefined : change.mark,
    chalk: change.chalk === chalk ? undefined : change.chalk,
  });
}

/**
 * Returns the face after a record. Values that only later versions know count as removed.
 * @returns `undefined` if nobody has chosen anything
 */
export function faceAfter(
  face: RoomFace = {},
  { mark = face.mark, chalk = face.chalk }: Body<"profile">,
): RoomFace | undefined {
  return shownFace({ mark, chalk });
}

/** Face that a server has sent, as far as a client can display it. */
export function shownFace({ mark, chalk = 0 }: RoomFace = {}): RoomFace | undefined {
  const hasChalk = chalk >= 1 && chalk <= ROOM_CHALKS;
  if (mark === undefined || !isMark(mark)) return hasChalk ? { chalk } : undefined;
  return hasChalk ? { mark, chalk } : { mark };
}

export function sealedFace(): Fault {
  return new Fault(
    "sealed-room",
    msg`an encrypted room cannot have a face, because it would not be encrypted`,
    { remedy: msg`omit the face` },
  );
}
