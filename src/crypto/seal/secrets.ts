/**
 * What is to be overwritten once the state that does without it is on disk. JavaScript may have
 * copied bytes meanwhile; what is certain is that the new state does not hold them.
 */
import type { ClientState } from "ts-mls/clientState.js";

/** Secrets of an older state. They must live until the newer one is durable: then `wipe` them. */
export type Consumed = readonly Uint8Array[];

export function wipe(consumed: Consumed): void {
  for (const bytes of consumed) bytes.fill(0);
}

/**
 * A state without the epoch before it, which the library keeps for late messages: here none is
 * late, since the server takes a message at its own epoch only.
 */
export function withoutHistory(state: ClientState): ClientState {
  return { ...state, historicalReceiverData: new Map() };
}

/** Secrets that the one state has and the other has not. @param next absent: all of them */
export function secretsLeft(state: ClientState, next?: ClientState): Uint8Array[] {
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
