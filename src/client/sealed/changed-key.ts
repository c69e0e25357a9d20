/** Texts and faults about a user whose account key has changed. */

import { Fault, msg } from "../../base/fault.ts";

export function changedKey(user: string): string {
  return `${user}'s identity key has changed`;
}

export function keyChanged(user: string): string {
  const { message, remedy } = keyChangedFault(user);
  return `${message}: ${remedy}`;
}

export function keyChangedFault(user: string): Fault {
  return new Fault("seal-refused", msg`${user}'s identity key has changed`, {
    remedy: msg`compare with chat verify-user ${user}, then --accept`,
  });
}
