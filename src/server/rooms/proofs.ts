/** Checkpoints of the history, and proofs for its records. */

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
      const { from } = request;
      const newest = this.#options.provable?.checkpoints.newest(from);
      // Other services share the queue's slots, so wait for other servers before taking one.
      if (from > (newest?.size ?? 0)) await this.#options.sequencer.waitForSeq(from);
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
    { checkpoints, proofs }: Provable,
    { from }: RequestOf<"checkpoint">,
  ): Promise<Answer<"checkpoint">> {
    const newest = checkpoints.newest(from);
    if (newest === undefined) throw new Fault("not-found", "the history is empty");
    const { note, size } = newest;
    return { note, path: from < size ? await proofs.consistency(from, size) : [] };
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
