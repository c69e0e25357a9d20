/**
 * Secrets to overwrite after a state without them has been written to disk. JavaScript may have
 * copied the bytes, so it is certain only that the new state does not contain them.
 */

import type { ClientState } from "ts-mls/clientState.js";

export type Consumed = readonly Uint8Array[];

export function wipe(consumed: Consumed): void {
  for (const bytes of consumed) bytes.fill(0);
}

/**
 * Removes the previous epoch, which the library keeps for late messages. No message is late,
 * because the server accepts messages in the current epoch only.
 */
export function withoutHistory(state: ClientState): ClientState {
  return { ...state, historicalReceiverData: new Map() };
}

export function droppedSecrets(state: ClientState, next?: ClientState): Uint8Array[] {
  const retained = new Set(next === undefined ? [] : secretsOf(next));
  return secretsOf(state).filter((secret) => !retained.has(secret));
}

function secretsOf({ keySchedule, secretTree, privatePath }: ClientState): Uint8Array[] {
  const ratchets = secretTree.flatMap(({ application, handshake }) => [application, handshake]);
  return [
    ...Object.values(keySchedule),
    ...ratchets.flatMap(({ secret, unusedGenerations }) => [
      secret,
      ...Object.values(unusedGenerations),
    ]),
    ...Object.values(privatePath.privateKeys),
  ];
}
