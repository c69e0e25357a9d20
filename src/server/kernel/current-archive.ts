/** Archive whose records lose their text as soon as their erasure is recorded. */

import type { Rooms } from "../../core/rooms/rooms.ts";
import type { Archive, PageQuery, RecordPage } from "../../io/log/log.ts";
import type { LogRecord } from "../../wire/record.ts";

type Erasures = Pick<Rooms, "isErased" | "erasedBy">;

/**
 * Readers receive an `erase` record before its targets are blank on the disk, and a record may have
 * been read before that. All services read records through this archive.
 */
export class CurrentArchive implements Archive {
  constructor(
    private readonly archive: Archive,
    private readonly erasures: Erasures,
  ) {}

  async page(query: PageQuery): Promise<RecordPage> {
    const page = await this.archive.page(query);
    const [first, last] = [page.records[0], page.records.at(-1)];
    // The body of an erased record matches no search.
    const records =
      query.grep === undefined && query.re === undefined
        ? page.records
        : page.records.filter(({ head }) => !this.erasures.isErased(head.seq));
    if (records.length === 0 && page.more && first !== undefined && last !== undefined) {
      const isNewest = query.from === "newest";
      const next = isNewest ? { beforeSeq: first.head.seq } : { afterSeq: last.head.seq };
      return this.page({ ...query, ...next });
    }
    return { ...page, records: records.map((record) => this.current(record)) };
  }

  current(record: LogRecord): LogRecord {
    return record.bodyBytes === undefined ? record : new CurrentRecord(record, this.erasures);
  }

  close(): void {
    this.archive.close();
  }
}

class CurrentRecord implements LogRecord {
  constructor(
    private readonly record: LogRecord,
    private readonly erasures: Erasures,
  ) {}

  get head(): LogRecord["head"] {
    return this.record.head;
  }

  get headBytes(): Uint8Array {
    return this.record.headBytes;
  }

  get salt(): Uint8Array | undefined {
    return this.#isErased ? undefined : this.record.salt;
  }

  get bodyBytes(): Uint8Array | undefined {
    return this.#isErased ? undefined : this.record.bodyBytes;
  }

  get erased(): number | undefined {
    return this.#isErased ? this.erasures.erasedBy(this.head.seq) : undefined;
  }

  get #isErased(): boolean {
    return this.erasures.isErased(this.head.seq);
  }
}
