/** Lookup of single records by their seq. */

import type { UserId } from "../../base/ids.ts";
import { PAGE_BYTES_MAX, PAGE_READS_QUEUED_MAX } from "../../base/limits.ts";
import type { PageQuery } from "../../io/log/log.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import type { LogRecord } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";

export class RecordLookup {
  readonly #archive: ServerContext["archive"];
  readonly #reading: TaskQueue;

  constructor({ archive, pageReads }: Pick<ServerContext, "archive" | "pageReads">) {
    this.#archive = archive;
    this.#reading = new TaskQueue({ waiting: PAGE_READS_QUEUED_MAX, slots: pageReads });
  }

  async find(
    requester: UserId,
    seq: number,
    filter: Pick<PageQuery, "rooms" | "kinds"> = {},
  ): Promise<LogRecord | undefined> {
    const position = { afterSeq: seq - 1, beforeSeq: seq + 1, from: "oldest", limit: 1 } as const;
    const query = { ...filter, ...position, bytesMax: PAGE_BYTES_MAX };
    const { records } = await this.#reading.runFor(requester, () => this.#archive.page(query));
    return records[0];
  }

  /** Returns the record, and its last edit if there is one. */
  async message(
    requester: UserId,
    seq: number,
    rooms: { editsOf(seq: number): readonly number[] },
  ): Promise<readonly LogRecord[]> {
    const edit = rooms.editsOf(seq).at(-1);
    const seqs = edit === undefined ? [seq] : [seq, edit];
    const found = await Promise.all(seqs.map((wantedSeq) => this.find(requester, wantedSeq)));
    return found.filter((record) => record !== undefined);
  }
}
