/** Checkpoints of both logs, and proofs for the records of the history. */

import { Fault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { PAGE_READS_QUEUED_MAX } from "../../base/limits.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import type { Checkpoints } from "../../io/log/checkpoints.ts";
import type { LogProofs } from "../../io/log/proofs.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import type { Answer, RequestOf } from "../../wire/messages.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";

export interface Provable {
  readonly checkpoints: Pick<Checkpoints, "newest">;
  readonly proofs: Pick<LogProofs, "consistency" | "inclusion">;
  readonly accounts: Pick<LogProofs, "consistency">;
}

interface ProofServiceOptions extends ServerContext {
  readonly provable: Provable | undefined;
}

export class ProofService {
  readonly #options: ProofServiceOptions;
  /** Limits the proofs per account, because each may read part of the log. */
  readonly #reading: TaskQueue;

  constructor(options: ProofServiceOptions) {
    this.#options = options;
    this.#reading = new TaskQueue({
      waiting: PAGE_READS_QUEUED_MAX,
      slots: options.pageReads,
      pauseClock: options.clock,
    });
  }

  readonly handlers = {
    checkpoint: async (request, { account }) => {
      const { from, accounts = 0 } = request;
      const { sequencer, provable } = this.#options;
      const newest = provable?.checkpoints.newest(from, accounts);
      // Other services share the queue's slots, so wait for other servers before taking one.
      if (from > (newest?.size ?? 0)) await sequencer.waitForSeq(from);
      const isBehind = accounts > (newest?.accountsSize ?? 0);
      if (isBehind && !(await sequencer.waitUntilCurrent())) {
        const message = "this server is behind the other servers of its cluster";
        throw new Fault("no-majority", message, { retryAfterMs: 1_000 });
      }
      return this.#queued(account, (provable) => this.#checkpoint(provable, request));
    },
    inclusion: (request, { account }) =>
      this.#queued(account, (provable) => this.#inclusion(provable, account, request)),
  } satisfies SomeHandlers;

  async #queued<Found>(
    { id }: Account,
    find: (provable: Provable) => Promise<Found>,
  ): Promise<Found> {
    const { provable } = this.#options;
    if (provable === undefined) throw new Fault("kind-unknown", "this server signs no checkpoints");
    return await this.#reading.runFor(id, () => find(provable));
  }

  async #checkpoint(
    { checkpoints, proofs, accounts }: Provable,
    { from, accounts: accountsFrom }: RequestOf<"checkpoint">,
  ): Promise<Answer<"checkpoint">> {
    const newest = checkpoints.newest(from, accountsFrom);
    if (newest === undefined) throw new Fault("not-found", "the history is empty");
    const { note, size, accountsSize } = newest;
    const path = from < size ? await proofs.consistency(from, size) : [];
    if (accountsFrom === undefined || accountsFrom >= accountsSize) return { note, path };
    return { note, path, accounts: await accounts.consistency(accountsFrom, accountsSize) };
  }

  async #inclusion(
    { checkpoints, proofs }: Provable,
    { id }: Account,
    { size, seqs }: RequestOf<"inclusion">,
  ): Promise<Answer<"inclusion">> {
    if (seqs.some((seq, index) => index > 0 && seq <= (seqs[index - 1] ?? 0))) {
      throw new Fault("frame-malformed", "the record numbers are not ascending");
    }
    // The server has signed no root for a size beyond the last checkpoint.
    if (size > (checkpoints.newest()?.size ?? 0)) return { proofs: [] };
    const isReader = (room: string) => {
      return this.#options.rooms.get(room as RoomId)?.members.has(id) === true;
    };
    const found = await proofs.inclusion(seqs, size, isReader);
    return { proofs: found.map(({ seq, leaf, path }) => ({ seq, leaf, path: [...path] })) };
  }
}
