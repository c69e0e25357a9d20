/** Archive whose records lose their text as soon as their erasure is recorded. */

import { foldCase } from "../../base/case-fold.ts";
import type { FileId } from "../../base/ids.ts";
import { foldWords } from "../../base/word-fold.ts";
import { type Files, filesIn, withErasedFiles } from "../../core/rooms/files.ts";
import type { Rooms } from "../../core/rooms/rooms.ts";
import { lineQueryOf } from "../../io/archive/line-query.ts";
import { lineMatcher } from "../../io/disk/search-worker.ts";
import type { Archive, PageQuery, RecordPage } from "../../io/log/log.ts";
import { type LogRecord, parseBody } from "../../wire/record.ts";

/** Erasures of messages and of files. */
interface Erasures {
  readonly rooms: Pick<Rooms, "isErased" | "erasedBy">;
  readonly files: Pick<Files, "erasedAt">;
}

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
    const isSearch = [query.grep, query.words, query.re].some((part) => part !== undefined);
    const records = isSearch
      ? page.records.filter((record) => this.#isMatch(record, query))
      : page.records;
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

  /** Neither an erased body nor the name of an erased file matches a search. */
  #isMatch(record: LogRecord, query: PageQuery): boolean {
    const { seq } = record.head;
    const { rooms, files } = this.erasures;
    if (rooms.isErased(seq)) return false;
    const erased = files.erasedAt(seq);
    const body = erased === undefined ? undefined : parseBody(record);
    if (body === undefined || erased === undefined) return true;
    const matcher = lineMatcher(lineQueryOf(query), { foldCase, foldWords });
    return matcher.matchesBody({ ...body, files: filesIn(withErasedFiles(body, erased)) });
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
    return this.#isErased ? this.erasures.rooms.erasedBy(this.head.seq) : undefined;
  }

  get erasedFiles(): readonly FileId[] | undefined {
    return this.#isErased ? undefined : this.erasures.files.erasedAt(this.head.seq);
  }

  get #isErased(): boolean {
    return this.erasures.rooms.isErased(this.head.seq);
  }
}
