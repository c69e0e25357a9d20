import { Fault } from "../../base/fault.ts";

/** What is told of a user who comes with another account key. */
export function changedKey(user: string): string {
  return `${user}'s identity key has changed`;
}

/** In one line. */
export function keyChanged(user: string): string {
  return `${changedKey(user)}: ${comparing(user)}`;
}

export function keyChangedFault(user: string): Fault {
  return new Fault("seal-refused", changedKey(user), { remedy: comparing(user) });
}

function comparing(user: string): string {
  return `compare with chat verify-user ${user}, then --accept`;
}
