/** Lookup of single records by their seq. */

import type { UserId } from "../../base/ids.ts";
import { PAGE_BYTES_MAX } from "../../base/limits.ts";
import type { Archive, PageQuery } from "../../io/log/log.ts";
import type { LogRecord } from "../../wire/record.ts";
import { ReadQueue } from "../queue/work-queue.ts";

export class RecordLookup {
  readonly #archive: Pick<Archive, "page">;
  readonly #reading = new ReadQueue();

  constructor(archive: Pick<Archive, "page">) {
    this.#archive = archive;
  }

  async find(
    requester: UserId,
    seq: number,
    filter: Pick<PageQuery, "rooms" | "kinds"> = {},
  ): Promise<LogRecord | undefined> {
    const position = { afterSeq: seq - 1, beforeSeq: seq + 1, from: "oldest", limit: 1 } as const;
    const query = { ...filter, ...position, bytesMax: PAGE_BYTES_MAX };
    const { records } = await this.#reading.run(requester, () => this.#archive.page(query));
    return records[0];
  }
}
