/** Performs the changes of a class list, and collects the cards. */

import { cardExpiry } from "../../../base/card-day.ts";
import { asFault } from "../../../base/fault.ts";
import {
  applyChange,
  batchesOf,
  newCard,
  UncreatedSubjects,
} from "../../../client/class-import.ts";
import { BulkRequests } from "../../../client/link/bulk.ts";
import type { SendRequest } from "../../../client/link/queries.ts";
import type { Card } from "../../../core/people/cards.ts";
import { type ImportChange, isCode } from "../../../core/people/import-plan.ts";
import type { Clock } from "../../../io/clock.ts";
import type { Entropy } from "../../../io/entropy.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { faultText } from "../../../ui/text/fault-text.ts";

/** A line that prevents the import, or that the server refused. */
export interface BadLine {
  readonly line: number;
  readonly text: string;
}

export interface DoneImport {
  readonly changes: number;
  /** Number of changes in the plan. */
  readonly total: number;
  /** Whether the connection was lost before the end. */
  readonly isCut: boolean;
  /** If the connection was lost, also those whose requests have no answer. */
  readonly cards: readonly Card[];
  readonly refused: readonly BadLine[];
}

export interface ImportRunOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly request: SendRequest;
  readonly texts: Texts;
  /** Origin of the page that the cards name. */
  readonly origin: string;
}

/** Reports at its end, also if it breaks, so that the cards that were made are in hand. */
export async function performImport(
  { clock, entropy, request, texts, origin }: ImportRunOptions,
  changes: readonly ImportChange[],
  onDone: (done: DoneImport) => void,
): Promise<void> {
  const pageOf = (code: string) => `${origin}/#reset=${code}`;
  const expires = cardExpiry(clock.unixMs());
  const requests = new BulkRequests(clock);
  const uncreated = new UncreatedSubjects();
  const cards: Card[] = [];
  const refused: BadLine[] = [];
  let count = 0;
  const made = new Map<ImportChange, Card>();
  const send = (change: ImportChange) => {
    const card = isCode(change) ? newCard(change, { entropy, pageOf, expires }) : undefined;
    if (card !== undefined) made.set(change, card);
    return applyChange(request, change, card, pageOf);
  };
  let lost: unknown;
  try {
    for (const batch of batchesOf(changes)) {
      const possible = batch.filter((change) => !uncreated.concern(change));
      for await (const { item, answer, fault } of requests.each(possible, send)) {
        if (answer !== undefined) cards.push(answer);
        if (fault === undefined) count++;
        else if (asFault(fault).blame === "user") {
          uncreated.addRefused(item);
          refused.push({ line: item.line, text: `${nameOf(item)}${faultText(fault, texts)}` });
        } else {
          lost ??= fault;
          // The server may have recorded the code.
          const card = made.get(item);
          if (card !== undefined) cards.push(card);
        }
      }
      if (lost !== undefined) throw lost;
    }
  } finally {
    const isCut = lost !== undefined;
    onDone({ changes: count, total: changes.length, isCut, cards, refused });
  }
}

/** The person whose card was refused. */
function nameOf(change: ImportChange): string {
  return isCode(change) ? `${change.displayName ?? change.user}: ` : "";
}
