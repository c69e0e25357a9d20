/** Refusal of a message number that a conversation does not have. */

import { Fault, msg } from "../../base/fault.ts";

/**
 * The same fault for a missing message and for one that the user may not read, so that nobody can
 * probe for messages.
 * @param elsewhere target of another conversation of the user that has the message
 */
export function noMessage(seq: number, elsewhere?: string): Fault {
  if (elsewhere === undefined) {
    return new Fault("not-found", msg`no message ${seq} in this conversation`, {
      remedy: msg`check the number`,
    });
  }
  return new Fault("not-found", msg`message ${seq} is in ${elsewhere}, not in this conversation`, {
    remedy: msg`open ${elsewhere} first`,
  });
}
