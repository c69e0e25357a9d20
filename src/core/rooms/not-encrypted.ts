/** Texts that a sealed room cannot have, as they would not be encrypted. Devices check, too. */

import { Fault, msg } from "../../base/fault.ts";

/**
 * The server would refuse the topic of a sealed room as well, but only after receiving the text.
 * @throws {Fault} sealed-room
 */
export function checkNotSealed(
  room: { readonly isSealed?: boolean | undefined } | undefined,
): void {
  if (room?.isSealed === true) throw sealedTopic();
}

export function sealedTopic(): Fault {
  return new Fault(
    "sealed-room",
    msg`an encrypted room cannot have a topic, because topics are not encrypted`,
    { remedy: msg`post it as a message` },
  );
}

/** @throws {Fault} sealed-room if the room is sealed, because reasons are not encrypted */
export function checkReason(
  room: { readonly isSealed?: boolean } | undefined,
  reason: string | undefined,
): void {
  if (room?.isSealed !== true || reason === undefined || reason === "") return;
  throw new Fault("sealed-room", msg`this reason would not be encrypted, but the room is`, {
    remedy: msg`omit the reason`,
  });
}
