/** Checkpoints of the history and proofs of its records. */

import { Fault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import type { Checkpoints } from "../../io/log/checkpoints.ts";
import type { LogProofs } from "../../io/log/proofs.ts";
import type { Answer, RequestOf } from "../../wire/messages.ts";
import type { ServerContext } from "../kernel/context.ts";
import { pagePause, ReadQueue } from "../queue/work-queue.ts";

/** Source of the server's proofs. */
export interface Provable {
  readonly checkpoints: Pick<Checkpoints, "newest">;
  readonly proofs: Pick<LogProofs, "consistency" | "inclusion">;
}

interface ProofServiceOptions extends ServerContext {
  /** `undefined` if this server signs nothing. */
  readonly provable: Provable | undefined;
}

/** Proves the size of the history, that it only grew, and that it contains a record. */
export class ProofService {
  readonly #options: ProofServiceOptions;
  /** Limits proofs per account: each may read a part of the log, like a page of history. */
  readonly #reading: ReadQueue;

  constructor(options: ProofServiceOptions) {
    this.#options = options;
    this.#reading = new ReadQueue({ pause: pagePause(options.clock) });
  }

  /** @throws Fault kind-unknown, not-found, too-many, store-… */
  checkpoint(account: Account, request: RequestOf<"checkpoint">): Promise<Answer<"checkpoint">> {
    return this.#queued(account, (provable) => this.#checkpoint(provable, request));
  }

  /** @throws Fault kind-unknown, frame-malformed, too-many, store-… */
  inclusion(account: Account, request: RequestOf<"inclusion">): Promise<Answer<"inclusion">> {
    return this.#queued(account, (provable) => this.#inclusion(provable, account, request));
  }

  async #queued<Found>(
    { id }: Account,
    find: (provable: Provable) => Promise<Found>,
  ): Promise<Found> {
    const { provable } = this.#options;
    if (provable === undefined) throw new Fault("kind-unknown", "this server signs no checkpoints");
    return await this.#reading.run(id, () => find(provable));
  }

  async #checkpoint(
    { checkpoints, proofs }: Provable,
    { from }: RequestOf<"checkpoint">,
  ): Promise<Answer<"checkpoint">> {
    let newest = checkpoints.newest(from);
    if (from > (newest?.size ?? 0)) {
      await this.#options.sequencer.waitForSeq(from);
      newest = checkpoints.newest(from);
    }
    if (newest === undefined) throw new Fault("not-found", "nothing was recorded yet");
    const { note, size } = newest;
    return { note, path: from < size ? await proofs.consistency(from, size) : [] };
  }

  async #inclusion(
    { checkpoints, proofs }: Provable,
    { id }: Account,
    { size, seqs }: RequestOf<"inclusion">,
  ): Promise<Answer<"inclusion">> {
    if (seqs.some((seq, index) => index > 0 && seq <= (seqs[index - 1] ?? 0))) {
      throw new Fault("frame-malformed", "the records to prove do not ascend");
    }
    // Only signed sizes: a future size has no root.
    if (size > (checkpoints.newest()?.size ?? 0)) return { proofs: [] };
    const isReader = (room: string) => {
      return this.#options.rooms.get(room as RoomId)?.members.has(id) === true;
    };
    const found = await proofs.inclusion(seqs, size, isReader);
    return { proofs: found.map(({ seq, leaf, path }) => ({ seq, leaf, path: [...path] })) };
  }
}
