/** Checkpoints of both logs, and proofs for records. */

import { equalBytes } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { PAGE_READS_QUEUED_MAX, PROOFS_PER_REQUEST_MAX } from "../../base/limits.ts";
import { checkName } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { requireUser } from "../../core/rooms/targets.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { seenTag } from "../../crypto/signed-bytes.ts";
import type { Link } from "../../io/link/link.ts";
import type { Checkpoints } from "../../io/log/checkpoints.ts";
import type { Log } from "../../io/log/log.ts";
import type { LogProofs } from "../../io/log/proofs.ts";
import { Slots, TaskQueue } from "../../io/task-queue.ts";
import { kindsWith } from "../../wire/kinds.ts";
import type { Answer, NoticeOf, RequestOf } from "../../wire/messages.ts";
import { parseBody } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";
import { addressKey } from "../session/connection-limits.ts";
import { wireRecord } from "./broadcast.ts";

type AccountRecords = NonNullable<Answer<"checkpoint">["own"]>;

export interface Provable {
  readonly checkpoints: Pick<Checkpoints, "newest">;
  readonly proofs: Pick<LogProofs, "consistency" | "inclusion" | "root">;
  readonly accounts: Pick<LogProofs, "consistency" | "inclusion">;
  readonly accountsLog: Pick<Log, "read">;
}

const OWN_BODIES: ReadonlySet<string> = new Set(["device"]);
const PUBLIC_BODIES: ReadonlySet<string> = kindsWith("public-body");

type HelloSeen = NonNullable<NoticeOf<"hello">["seen"]>;
type WelcomeSeen = NonNullable<NoticeOf<"welcome">["seen"]>;

/** Proofs at a time for clients that are not logged in. */
const GREETING_SLOTS = 2;

interface ProofServiceOptions extends ServerContext {
  readonly provable: Provable | undefined;
}

export class ProofService {
  /** Limits the proofs per account, because each may read part of the log. */
  readonly #reading;
  /** Limits the proofs per address of clients that are not logged in. */
  readonly #greeting;

  constructor(private readonly options: ProofServiceOptions) {
    this.#reading = new TaskQueue({
      waiting: PAGE_READS_QUEUED_MAX,
      slots: options.pageReads,
      pauseClock: options.clock,
    });
    this.#greeting = new TaskQueue({
      waiting: PAGE_READS_QUEUED_MAX,
      slots: new Slots(GREETING_SLOTS),
      pauseClock: options.clock,
    });
  }

  readonly handlers = {
    checkpoint: async (request, { account }) => {
      const { from, accounts = 0 } = request;
      const { sequencer, provable } = this.options;
      const newest = provable?.checkpoints.newest(from, accounts);
      const isBehind = from > (newest?.size ?? 0) || accounts > (newest?.accountsSize ?? 0);
      // Other services share the queue's slots, so wait for other servers before taking one. A
      // client that has seen more than all servers have must learn how much that is.
      if (isBehind && !(await sequencer.waitUntilCurrent())) {
        const message = "this server is behind the other servers of its cluster";
        throw new Fault("no-majority", message, { retryAfterMs: 1_000 });
      }
      return this.#queued(account, (provable) => this.#checkpoint(provable, account, request));
    },
    inclusion: (request, { account }) =>
      this.#queued(account, (provable) => this.#inclusion(provable, account, request)),
  } satisfies SomeHandlers;

  /**
   * Proves to a client that is not logged in yet how the logs have grown, as to each member. Its
   * tag shows that it has been one.
   * @returns `undefined` without a proof, which the client then requests after its log-in
   */
  async greeted(
    asked: HelloSeen,
    clientNonce: Uint8Array,
    { remote }: Pick<Link, "remote">,
  ): Promise<WelcomeSeen | undefined> {
    const { provable } = this.options;
    if (provable === undefined || !isAscending(asked.seqs)) return undefined;
    const { size } = provable.checkpoints.newest() ?? { size: 0 };
    if (asked.size > size) return undefined;
    try {
      return await this.#greeting.runFor(addressKey(remote.host), async () => {
        const tag = seenTag(clientNonce, await provable.proofs.root(asked.size), sha256);
        return equalBytes(tag, asked.tag) ? this.#seen(provable, asked) : undefined;
      });
    } catch (error) {
      if (error instanceof Fault) return undefined;
      throw error;
    }
  }

  async #seen(
    { checkpoints, proofs, accounts: accountProofs }: Provable,
    { size: from, sizeMin, accounts: accountsFrom, seqs }: HelloSeen,
  ): Promise<WelcomeSeen | undefined> {
    const newest = checkpoints.newest(Math.max(from, sizeMin), accountsFrom);
    if (newest === undefined) return undefined;
    const { note, size, accountsSize } = newest;
    const path = from < size ? await proofs.consistency(from, size) : [];
    const hasGrown = accountsFrom < accountsSize;
    const accounts = hasGrown
      ? await accountProofs.consistency(accountsFrom, accountsSize)
      : undefined;
    const isFormer = (seq: number) => seq <= from;
    const found = [
      ...(await proofs.inclusion(seqs.filter(isFormer), Math.min(from, size), () => true)),
      ...(await proofs.inclusion(
        seqs.filter((seq) => !isFormer(seq)),
        size,
        () => true,
      )),
    ];
    const proved = found.map(({ seq, path }) => ({ seq, path: [...path] }));
    return { note, path, ...defined({ accounts }), proofs: proved };
  }

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
    { from, accounts: accountsFrom, own: ownFrom, person: asked }: RequestOf<"checkpoint">,
  ): Promise<Answer<"checkpoint">> {
    const { checkpoints, proofs, accounts } = provable;
    const newest = checkpoints.newest(from, accountsFrom);
    if (newest === undefined) throw new Fault("not-found", msg`the history is empty`);
    const { note, size, accountsSize } = newest;
    const path = from < size ? await proofs.consistency(from, size) : [];
    if (accountsFrom === undefined || accountsSize === 0) return { note, path };
    const hasGrown = accountsFrom < accountsSize;
    const grown = hasGrown ? await accounts.consistency(accountsFrom, accountsSize) : undefined;
    const own =
      ownFrom === undefined ? undefined : await this.#own(provable, account, ownFrom, accountsSize);
    const person = asked && (await this.#person(provable, asked, accountsSize));
    return { note, path, ...defined({ accounts: grown, own, person }) };
  }

  async #own(
    provable: Provable,
    account: Account,
    from: number,
    size: number,
  ): Promise<AccountRecords> {
    const { last, seqs } = this.options.registry.recordsAfter(account, from, size);
    const page = from === 0 ? seqs.slice(-1) : seqs.slice(0, PROOFS_PER_REQUEST_MAX);
    return { n: last, records: await this.#records(provable, page, size, OWN_BODIES) };
  }

  /** Omits records of which other users must not learn, such as those of preferences. */
  async #person(
    provable: Provable,
    asked: NonNullable<RequestOf<"checkpoint">["person"]>,
    size: number,
  ): Promise<NonNullable<Answer<"checkpoint">["person"]>> {
    const { registry } = this.options;
    const account = requireUser(registry.allNames, checkName(asked.user, "person's name"));
    const from = asked.account === account.id ? asked.n : 0;
    const { last, seqs } = registry.recordsAfter(account, from, size, "public");
    const page = seqs.slice(0, PROOFS_PER_REQUEST_MAX);
    const records = await this.#records(provable, page, size, PUBLIC_BODIES);
    return { account: account.id, n: last, records };
  }

  /** Omits bodies of other kinds, which may contain secrets and pictures. */
  async #records(
    { accounts, accountsLog }: Provable,
    seqs: readonly number[],
    size: number,
    withBody: ReadonlySet<string>,
  ): Promise<AccountRecords["records"]> {
    const records: AccountRecords["records"] = [];
    for (const { seq, record, path } of await accounts.inclusion(seqs, size, () => true)) {
      if (record === undefined) continue;
      const isOpen = withBody.has(record.head.kind);
      const [read = record] = isOpen ? await Array.fromAsync(accountsLog.read(seq, seq)) : [];
      // The first versions stored the password's hash in the record of the account.
      const opened = parseBody(read)?.["password"] === undefined ? read : record;
      records.push({ ...wireRecord(opened, this.options.registry), path: [...path] });
    }
    return records;
  }

  async #inclusion(
    { checkpoints, proofs }: Provable,
    { id }: Account,
    { size, seqs }: RequestOf<"inclusion">,
  ): Promise<Answer<"inclusion">> {
    if (!isAscending(seqs)) {
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

function isAscending(seqs: readonly number[]): boolean {
  return seqs.every((seq, index) => index === 0 || seq > (seqs[index - 1] ?? 0));
}
