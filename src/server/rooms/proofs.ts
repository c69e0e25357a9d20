/** Checkpoints of both logs, and proofs for records. */

import { Fault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { PAGE_READS_QUEUED_MAX, PROOFS_PER_REQUEST_MAX } from "../../base/limits.ts";
import { defined } from "../../base/values.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import type { Checkpoints } from "../../io/log/checkpoints.ts";
import type { Log } from "../../io/log/log.ts";
import type { LogProofs } from "../../io/log/proofs.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import type { Answer, RequestOf } from "../../wire/messages.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";
import { wireRecord } from "./broadcast.ts";

type OwnRecords = NonNullable<Answer<"checkpoint">["own"]>;

export interface Provable {
  readonly checkpoints: Pick<Checkpoints, "newest">;
  readonly proofs: Pick<LogProofs, "consistency" | "inclusion">;
  readonly accounts: Pick<LogProofs, "consistency" | "inclusion">;
  readonly accountsLog: Pick<Log, "read">;
}

interface ProofServiceOptions extends ServerContext {
  readonly provable: Provable | undefined;
}

export class ProofService {
  /** Limits the proofs per account, because each may read part of the log. */
  readonly #reading;

  constructor(private readonly options: ProofServiceOptions) {
    this.#reading = new TaskQueue({
      waiting: PAGE_READS_QUEUED_MAX,
      slots: options.pageReads,
      pauseClock: options.clock,
    });
  }

  readonly handlers = {
    checkpoint: async (request, { account }) => {
      const { from, accounts = 0 } = request;
      const { sequencer, provable } = this.options;
      const newest = provable?.checkpoints.newest(from, accounts);
      // Other services share the queue's slots, so wait for other servers before taking one.
      if (from > (newest?.size ?? 0)) await sequencer.waitForSeq(from);
      const isBehind = accounts > (newest?.accountsSize ?? 0);
      if (isBehind && !(await sequencer.waitUntilCurrent())) {
        const message = "this server is behind the other servers of its cluster";
        throw new Fault("no-majority", message, { retryAfterMs: 1_000 });
      }
      return this.#queued(account, (provable) => this.#checkpoint(provable, account, request));
    },
    inclusion: (request, { account }) =>
      this.#queued(account, (provable) => this.#inclusion(provable, account, request)),
  } satisfies SomeHandlers;

  async #queued<Found>(
    { id }: Account,
    find: (provable: Provable) => Promise<Found>,
  ): Promise<Found> {
    const { provable } = this.options;
    if (provable === undefined) throw new Fault("kind-unknown", "this server signs no checkpoints");
    return await this.#reading.runFor(id, () => find(provable));
  }

  async #checkpoint(
    provable: Provable,
    account: Account,
    { from, accounts: accountsFrom, own: ownFrom }: RequestOf<"checkpoint">,
  ): Promise<Answer<"checkpoint">> {
    const { checkpoints, proofs, accounts } = provable;
    const newest = checkpoints.newest(from, accountsFrom);
    if (newest === undefined) throw new Fault("not-found", "the history is empty");
    const { note, size, accountsSize } = newest;
    const path = from < size ? await proofs.consistency(from, size) : [];
    if (accountsFrom === undefined || accountsSize === 0) return { note, path };
    const hasGrown = accountsFrom < accountsSize;
    const grown = hasGrown ? await accounts.consistency(accountsFrom, accountsSize) : undefined;
    const own =
      ownFrom === undefined ? undefined : await this.#own(provable, account, ownFrom, accountsSize);
    return { note, path, ...defined({ accounts: grown, own }) };
  }

  /** Omits bodies, which contain secrets and pictures, except that of a device. */
  async #own(
    { accounts, accountsLog }: Provable,
    account: Account,
    from: number,
    size: number,
  ): Promise<OwnRecords> {
    const { registry } = this.options;
    const { last, seqs } = registry.recordsAfter(account, from, size);
    const page = from === 0 ? seqs.slice(-1) : seqs.slice(0, PROOFS_PER_REQUEST_MAX);
    const records: OwnRecords["records"] = [];
    for (const { seq, record, path } of await accounts.inclusion(page, size, () => true)) {
      if (record === undefined) continue;
      const [opened = record] =
        record.head.kind === "device" ? await Array.fromAsync(accountsLog.read(seq, seq)) : [];
      records.push({ ...wireRecord(opened, registry), path: [...path] });
    }
    return { n: last, records };
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
      return this.options.rooms.get(room as RoomId)?.members.has(id) === true;
    };
    const found = await proofs.inclusion(seqs, size, isReader);
    return { proofs: found.map(({ seq, leaf, path }) => ({ seq, leaf, path: [...path] })) };
  }
}
