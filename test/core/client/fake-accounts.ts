import { utf8Encode } from "../../../src/base/bytes.ts";
import { PROOFS_PER_REQUEST_MAX } from "../../../src/base/limits.ts";
import type { AccountRecords } from "../../../src/core/client/account-records.ts";
import { readHead } from "../../../src/core/client/chat-record.ts";
import type { PersonRecords } from "../../../src/core/client/person-keys.ts";
import { inclusionPath, rootOf } from "../../../src/core/log/proofs.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { hasTrait, isKnownKind } from "../../../src/wire/kinds.ts";
import { commitment, leafHash } from "../../../src/wire/record.ts";
import { nodesOf } from "../log-nodes.ts";

type OneRecord = AccountRecords["records"][number];

const SALT = new Uint8Array(16);

export type AccountRow = readonly [room: string, kind: string, by?: string, body?: object];

/** An accounts log, and the server that proves it. */
export class FakeAccounts {
  readonly records: AccountRecords["records"][number][] = [];
  readonly rooms: string[] = [];

  constructor(rows: readonly AccountRow[]) {
    const counts = new Map<string, number>();
    for (const [i, [room, kind, by = room, fields = {}]] of rows.entries()) {
      const n = (counts.get(room) ?? 0) + 1;
      counts.set(room, n);
      const body = utf8Encode(JSON.stringify(fields));
      const commit = commitment(SALT, body, sha256);
      const head = { v: 1, seq: i + 1, time: 1_000 * i, kind, room, n, by, id: "", commit };
      const from = by === room ? {} : { from: "olga" };
      const bytes = utf8Encode(JSON.stringify(head));
      this.rooms.push(room);
      this.records.push({ head: bytes, salt: SALT, body, path: [], ...from });
    }
  }

  get leaves(): Uint8Array[] {
    return this.records.map(({ head }) => leafHash(head, sha256));
  }

  get pin() {
    const size = this.records.length;
    return { size, root: rootOf(size, nodesOf(this.leaves), sha256) };
  }

  prove(known: number, room: string): AccountRecords {
    const all = this.#withPaths().filter((_, i) => this.rooms[i] === room);
    return { n: all.length, records: known === 0 ? all.slice(-1) : all.slice(known) };
  }

  /** Proves the public records to another user. */
  provePerson(known: number, account: string, pageMax = PROOFS_PER_REQUEST_MAX): PersonRecords {
    const headOf = ({ head }: OneRecord) => readHead({ head }).head;
    const all = this.#withPaths().filter((record) => {
      const { room, kind } = headOf(record);
      return room === account && isKnownKind(kind) && hasTrait(kind, "public");
    });
    const last = all.at(-1);
    const records = all.filter((record) => headOf(record).n > known).slice(0, pageMax);
    return { account, n: last === undefined ? 0 : headOf(last).n, records };
  }

  #withPaths(): OneRecord[] {
    const nodes = nodesOf(this.leaves);
    const { size } = this.pin;
    return this.records.map((record, i) => {
      return { ...record, path: inclusionPath(i, size, nodes, sha256) };
    });
  }
}
