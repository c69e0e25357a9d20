/** Changes of a class list on a server, one request each, and cards for those who sign in first. */

import { defined } from "../base/values.ts";
import type { Card } from "../core/people/cards.ts";
import {
  type CodeChange,
  type ImportChange,
  isCode,
  requestFor,
} from "../core/people/import-plan.ts";
import { newResetCode } from "../core/reset-codes.ts";
import type { SendRequest } from "./link/queries.ts";

/** Changes between two syncs of the cards. A signal ends the import after as many. */
const BATCH_CHANGES = 64;

/** Each kind of change may need those before it. */
export function* batchesOf(changes: readonly ImportChange[]): Generator<readonly ImportChange[]> {
  for (const group of Object.values(Object.groupBy(changes, ({ kind }) => kind))) {
    // A room may take the name that the one before it gives up.
    const size = group[0]?.kind === "rename-room" ? 1 : BATCH_CHANGES;
    for (let from = 0; from < group.length; from += size) yield group.slice(from, from + size);
  }
}

/** Accounts and rooms that were not created or renamed, so that later changes are left out. */
export class UncreatedSubjects {
  readonly #subjects = new Set<string>();

  addRefused(change: ImportChange): void {
    if (change.kind === "create-account") this.#subjects.add(`@${change.user}`);
    if (change.kind === "create-room") this.#subjects.add(roomKey(change.room));
    // Under either name, people would get into a room that the list does not mean.
    if (change.kind === "rename-room")
      this.#subjects.add(roomKey(change.room)).add(roomKey(change.to));
  }

  concern(change: ImportChange): boolean {
    const { user, room } = { user: undefined, room: undefined, ...change };
    const isOfRoom = room !== undefined && this.#subjects.has(roomKey(room));
    return this.#subjects.has(`@${user}`) || isOfRoom;
  }
}

function roomKey(room: string): string {
  return `#${room.toLowerCase()}`;
}

export interface CardOptions {
  readonly entropy: (sizeBytes: number) => Uint8Array;
  /** Returns the address of the page that asks for a new password. */
  readonly pageOf: (code: string) => string;
  /** Unix ms. */
  readonly expires: number;
}

export function newCard({ user, displayName }: CodeChange, options: CardOptions): Card {
  const code = newResetCode(options.entropy);
  return { user, displayName, code, web: options.pageOf(code), expires: options.expires };
}

/**
 * @param card of a change that makes a code
 * @returns the card as the server has made it
 * @throws {Fault} the server's refusal
 */
export async function applyChange(
  request: SendRequest,
  change: ImportChange,
  card: Card | undefined,
  pageOf: CardOptions["pageOf"],
): Promise<Card | undefined> {
  if (!isCode(change)) {
    // The account was created with its display name.
    if (change.kind === "display-name" && change.isNew) return undefined;
    const { kind, fields } = requestFor(change);
    await request(kind, fields);
    return undefined;
  }
  const { user, kind, displayName } = change;
  const externalId = kind === "create-account" ? change.externalId : undefined;
  const { code, expires } = defined({ code: card?.code, expires: card?.expires });
  const answer =
    kind === "create-account"
      ? await request("enrol", defined({ user, expires, code, displayName, externalId }))
      : await request("reset", defined({ user, expires, code }));
  if (card !== undefined && answer.token === card.code) return card;
  const web = pageOf(answer.token);
  return { user, displayName, code: answer.token, web, expires: answer.expires };
}
