/**
 * Secrets to overwrite once a state without them is on disk. JavaScript may have copied the bytes
 * meanwhile; certain is only that the new state does not contain them.
 */

import type { ClientState } from "ts-mls/clientState.js";

/** Secrets of an older state. Kept until the newer one is durable, then overwritten with `wipe`. */
export type Consumed = readonly Uint8Array[];

export function wipe(consumed: Consumed): void {
  for (const bytes of consumed) bytes.fill(0);
}

/**
 * A state without the previous epoch, which the library keeps for late messages. No message is late
 * here, since the server accepts a message in its own epoch only.
 */
export function withoutHistory(state: ClientState): ClientState {
  return { ...state, historicalReceiverData: new Map() };
}

/** Secrets of the first state that the second lacks. @param next absent for all of them */
export function droppedSecrets(state: ClientState, next?: ClientState): Uint8Array[] {
  const kept = new Set(next === undefined ? [] : secretsOf(next));
  return secretsOf(state).filter((secret) => !kept.has(secret));
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
