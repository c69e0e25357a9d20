/** Archive that reads pages of records from a log's segments. */

import { join } from "node:path";
import { NEWLINE } from "../../base/ascii.ts";
import { foldCase } from "../../base/case-fold.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { foldWords } from "../../base/word-fold.ts";
import { erasuresOf } from "../../core/log/erasures.ts";
import { isSealedWithFiles } from "../../core/rooms/files.ts";
import { kindsWith } from "../../wire/kinds.ts";
import {
  asDamaged,
  asErased,
  bodyMatches,
  classifyLine,
  type LogRecord,
  parseBody,
  parseLine,
} from "../../wire/record.ts";
import {
  type Disk,
  type DiskFile,
  type DiskSearch,
  diskFault,
  type LineQuery,
  type LineSpans,
} from "../disk/disk.ts";
import { type LineMatcher, lineMatcher } from "../disk/search-worker.ts";
import type { Archive, PageQuery, RecordPage } from "../log/log.ts";
import { segmentName } from "../log/segment.ts";
import { markHandled } from "../promises.ts";
import type { BlockIndex, ByteRange } from "./block-index.ts";
import { isRare, type LineSearchQuery, lineQueryOf } from "./line-query.ts";
import { type ArchiveOptions, type IndexView, LogIndex } from "./log-index.ts";

const WAVE_RANGES = 24;

const CONCURRENT_READS_MAX = 3;

interface SearchedRange extends ByteRange {
  readonly lines?: LineSpans;
}

interface ReadRange {
  readonly range: SearchedRange;
  readonly bytes: Buffer;
  readonly buffer: Buffer;
}

/** @internal */
export class SegmentFiles {
  readonly #open = new Map<number, DiskFile>();

  constructor(
    private readonly disk: Disk,
    private readonly folder: string,
  ) {}

  pathOf(firstSeq: number): string {
    return join(this.folder, segmentName(firstSeq));
  }

  file(firstSeq: number): DiskFile {
    const openFile = this.#open.get(firstSeq);
    if (openFile !== undefined) return openFile;
    const file = this.disk.open(this.pathOf(firstSeq), "read");
    this.#open.set(firstSeq, file);
    return file;
  }

  async *read(ranges: Iterable<SearchedRange>): AsyncGenerator<ReadRange> {
    const idle: Buffer[] = [];
    const pending: Promise<ReadRange>[] = [];
    const begin = (range: SearchedRange): void => {
      const sizeBytes = range.to - range.from;
      const reusable = idle.pop();
      const buffer =
        reusable !== undefined && reusable.length >= sizeBytes
          ? reusable
          : Buffer.allocUnsafeSlow(sizeBytes);
      const filled = this.#fill(range, buffer);
      markHandled(filled); // The caller that awaits the read receives this error.
      pending.push(filled);
    };
    try {
      let readAhead = 1;
      for (const range of ranges) {
        begin(range);
        if (pending.length <= readAhead) continue;
        readAhead = Math.min(readAhead + 1, CONCURRENT_READS_MAX);
        yield* this.#oldest(pending, idle);
      }
      while (pending.length > 0) yield* this.#oldest(pending, idle);
    } finally {
      // Wait, because a file must not be closed during a read.
      await Promise.allSettled(pending);
    }
  }

  async *#oldest(pending: Promise<ReadRange>[], idle: Buffer[]): AsyncGenerator<ReadRange> {
    const ready = await pending[0];
    pending.shift();
    if (ready === undefined) return;
    yield ready;
    idle.push(ready.buffer);
  }

  async *filterBySearch(
    ranges: readonly ByteRange[],
    query: LineQuery,
    search: DiskSearch,
  ): AsyncGenerator<SearchedRange> {
    const waves: Promise<SearchedRange[]>[] = [];
    for (let start = 0; start < ranges.length || waves.length > 0; ) {
      while (start < ranges.length && waves.length < 2 * search.width) {
        waves.push(this.#wave(ranges.slice(start, start + WAVE_RANGES), query, search));
        start += WAVE_RANGES;
      }
      yield* (await waves.shift()) ?? [];
    }
  }

  async #wave(
    ranges: readonly ByteRange[],
    query: LineQuery,
    search: DiskSearch,
  ): Promise<SearchedRange[]> {
    const locations = ranges.map(({ firstSeq, from, to }) => ({
      path: this.pathOf(firstSeq),
      from,
      to,
    }));
    const found = await search.search(locations, query);
    return ranges.flatMap((range, index) => narrowToLines(range, found[index]));
  }

  close(): void {
    for (const file of this.#open.values()) file.close();
    this.#open.clear();
  }

  async #fill(range: SearchedRange, buffer: Buffer): Promise<ReadRange> {
    const into = buffer.subarray(0, range.to - range.from);
    const bytesRead = await this.file(range.firstSeq).readLater(into, range.from);
    return { range, bytes: into.subarray(0, bytesRead), buffer };
  }
}

function narrowToLines(range: ByteRange, lines: LineSpans | undefined): SearchedRange[] {
  if (lines === undefined) return [range];
  const [first] = lines.starts;
  const last = lines.ends.at(-1);
  if (first === undefined || last === undefined) return [];
  const relative = {
    starts: lines.starts.map((start) => start - first),
    ends: lines.ends.map((end) => end - first),
  };
  return [{ ...range, from: range.from + first, to: range.from + last + 1, lines: relative }];
}

const READ_BYTES_MIN = 64 << 10;
/** Each read has a fixed cost, but reads larger than this are no faster. */
const READ_BYTES_MAX = 2 << 20;
const YIELD_BYTES = 64 << 10;
const DIRECT_BYTES = 1 << 20;

export function openArchive(options: ArchiveOptions): LogArchive {
  return new LogArchive(options);
}

export class LogArchive implements Archive {
  readonly #index;
  readonly #erasures = new ErasureCheck((query) => this.#raw(query));

  constructor(private readonly options: ArchiveOptions) {
    this.#index = new LogIndex(options);
  }

  async ready(): Promise<void> {
    await this.#index.refresh(() => undefined);
  }

  async page(query: PageQuery): Promise<RecordPage> {
    const { records, more, suspects } = await this.#raw(query);
    const verified: LogRecord[] = [];
    for (const record of records) {
      const hasBody = record.bodyBytes !== undefined;
      const resolved = hasBody ? record : await this.#erasures.resolve(record);
      const suspicion = suspects.get(record);
      if (resolved !== undefined) verified.push(resolved);
      else if (suspicion === undefined) verified.push(record);
      else if (suspicion !== "unconfirmed") throw suspicion;
    }
    return { records: verified, more };
  }

  async #raw(query: PageQuery): Promise<RecordPage & { suspects: Collector["suspects"] }> {
    const { disk, folder, sha256 } = this.options;
    const files = new SegmentFiles(disk, folder);
    try {
      const ranges = await this.#index.refresh((view) => [...rangesOf(query, view)]);
      const collector = new Collector(query, files, sha256, disk.yieldNow);
      await collector.collect(ranges, disk.search);
      return { ...collector.page(), suspects: collector.suspects };
    } catch (error) {
      throw diskFault(error, folder);
    } finally {
      files.close();
    }
  }

  close(): void {
    this.#index.save();
  }
}

function* rangesOf(query: PageQuery, view: IndexView): Generator<ByteRange> {
  if (query.limit < 1 || query.rooms?.size === 0) return;
  const blocks = view.index.candidates({
    rooms: query.rooms,
    seqMin: (query.afterSeq ?? 0) + 1,
    seqMax: Math.min((query.beforeSeq ?? Number.MAX_SAFE_INTEGER) - 1, view.lastSeq),
    timeMin: query.sinceMs ?? 0,
    timeMax: query.untilMs ?? Number.MAX_SAFE_INTEGER,
  });
  if (query.from === "newest") yield* [...view.unconfirmed].reverse();
  yield* mergeBlocks(view.index, query.from === "newest" ? blocks.reverse() : blocks);
  if (query.from === "oldest") yield* view.unconfirmed;
}

function* mergeBlocks(index: BlockIndex, blocks: readonly number[]): Generator<ByteRange> {
  let bytesMax = READ_BYTES_MIN;
  for (let i = 0; i < blocks.length; ) {
    const start = blocks[i] ?? 0;
    let range = index.range(start, start);
    let end = i + 1;
    for (; end < blocks.length; end++) {
      const block = blocks[end] ?? 0;
      const isNeighbour = Math.abs(block - (blocks[end - 1] ?? 0)) === 1;
      if (!isNeighbour || index.segmentOf[block] !== index.segmentOf[start]) break;
      const neighbourRange = index.range(Math.min(start, block), Math.max(start, block));
      if (neighbourRange.to - neighbourRange.from > bytesMax) break;
      range = neighbourRange;
    }
    yield range;
    i = end;
    bytesMax = Math.min(bytesMax * 2, READ_BYTES_MAX);
  }
}

class Collector {
  readonly #query: LineSearchQuery;
  readonly #matcher: LineMatcher;
  /**
   * Invalid records, each with the fault to report unless an erasure explains the damage. An
   * "unconfirmed" record may also be an unfinished write.
   */
  readonly suspects = new Map<LogRecord, Fault | "unconfirmed">();
  readonly #records: LogRecord[] = [];
  #bytes = 0;
  #more = false;
  #bytesSinceYield = 0;

  constructor(
    query: PageQuery,
    private readonly files: SegmentFiles,
    private readonly sha256: Sha256,
    private readonly yieldNow: Disk["yieldNow"],
  ) {
    this.#query = lineQueryOf(query);
    this.#matcher = lineMatcher(this.#query, { foldCase, foldWords });
  }

  async collect(ranges: readonly ByteRange[], search: DiskSearch | undefined): Promise<void> {
    const threads = isRare(this.#query) ? search : undefined;
    const direct = threads === undefined ? ranges : leadingRanges(ranges, DIRECT_BYTES);
    for await (const { range, bytes } of this.files.read(direct)) {
      if (await this.#addLines(range, bytes)) return;
    }
    if (threads === undefined || ranges.length <= direct.length) return;
    const remainingRanges = ranges.slice(direct.length);
    const query: LineQuery = this.#query;
    for await (const found of this.files.filterBySearch(remainingRanges, query, threads)) {
      for await (const { range, bytes } of this.files.read([found])) {
        if (await this.#addLines(range, bytes)) return;
      }
    }
  }

  async #addLines(range: SearchedRange, bytes: Buffer): Promise<boolean> {
    const { starts, ends } = range.lines ?? (await this.#spans(bytes));
    const isNewest = this.#query.from === "newest";
    for (let i = 0; i < starts.length; i++) {
      const at = isNewest ? starts.length - 1 - i : i;
      const start = starts[at] ?? 0;
      const end = ends[at] ?? 0;
      if (this.#isYieldDue(end - start)) await this.yieldNow?.();
      const record = this.#record(range, bytes.subarray(start, end), start);
      if (record !== undefined && !this.#add(record, end - start)) {
        this.#more = true;
        return true;
      }
    }
    return false;
  }

  async #spans(bytes: Buffer): Promise<LineSpans> {
    const spans: LineSpans = { starts: [], ends: [] };
    for (let from = 0; from < bytes.length; ) {
      const lineEnd = bytes.indexOf(NEWLINE, from + YIELD_BYTES);
      const to = lineEnd < 0 ? bytes.length : lineEnd + 1;
      const { starts, ends } = this.#matcher.spans(bytes.subarray(from, to));
      for (const start of starts) spans.starts.push(from + start);
      for (const end of ends) spans.ends.push(from + end);
      if (this.#isYieldDue(to - from)) await this.yieldNow?.();
      from = to;
    }
    return spans;
  }

  #isYieldDue(sizeBytes: number): boolean {
    this.#bytesSinceYield += sizeBytes;
    if (this.#bytesSinceYield < YIELD_BYTES) return false;
    this.#bytesSinceYield = 0;
    return true;
  }

  page(): RecordPage {
    const records = this.#query.from === "newest" ? this.#records.reverse() : this.#records;
    return { records, more: this.#more };
  }

  #add(record: LogRecord, sizeBytes: number): boolean {
    const isFull = this.#records.length > 0 && this.#bytes + sizeBytes > this.#query.bytesMax;
    if (isFull || this.#records.length >= this.#query.limit) return false;
    this.#records.push(record);
    this.#bytes += sizeBytes;
    return true;
  }

  #record(range: ByteRange, line: Buffer, start: number): LogRecord | undefined {
    const parsed = parseLine(line);
    if (parsed.kind === "newer") return undefined;
    // Hash only matching records, because hashing dominates the cost.
    const record = parsed.kind === "record" ? this.#matching(parsed.record) : undefined;
    const isValid =
      record === undefined ? parsed.kind === "record" : bodyMatches(record, this.sha256);
    if (isValid) return record;
    // Read the line again, because an erasure may have been overwriting it during the first read.
    const freshLine = Buffer.alloc(line.length);
    const offset = range.from + start;
    this.files.file(range.firstSeq).read(freshLine, offset);
    const found = classifyLine(freshLine, this.sha256);
    if (found.kind === "newer") return undefined;
    if (found.kind === "intact") return this.#matching(found.record);
    if (found.kind === "damaged") return this.#matching(asDamaged(found.record));
    const location = `${this.files.pathOf(range.firstSeq)} is damaged at byte ${offset}`;
    const fault = new Fault("log-corrupt", `${location}: ${found.reason}`);
    if (found.kind === "torn") {
      this.suspects.set(found.record, range.isUnconfirmed === true ? "unconfirmed" : fault);
      return this.#matching(found.record);
    }
    if (range.isUnconfirmed === true) return undefined;
    throw fault;
  }

  #matching(record: LogRecord): LogRecord | undefined {
    const { matchesHead, matchesBody } = this.#matcher;
    if (!matchesHead(record.head)) return undefined;
    const { files, grep, words, re } = this.#query;
    const isSealed = record.head.kind === "sealed";
    if (files === true && isSealed && !isSealedWithFiles(record)) return undefined;
    const isAnyBody = grep === undefined && words === undefined && re === undefined;
    return isAnyBody || matchesBody(parseBody(record)) ? record : undefined;
  }
}

function leadingRanges(ranges: readonly ByteRange[], sizeBytes: number): readonly ByteRange[] {
  let remainingBytes = sizeBytes;
  const end = ranges.findIndex(({ from, to }) => {
    remainingBytes -= to - from;
    return remainingBytes < 0;
  });
  return end < 0 ? ranges : ranges.slice(0, Math.max(1, end));
}

const CACHED_ORDERS_MAX = 1_000;
const ERASING_KINDS = kindsWith("erasing");

/** Finds the record that ordered an erasure. A blank line alone does not prove an erasure. */
class ErasureCheck {
  readonly #orders = new Map<number, readonly number[]>();

  constructor(private readonly read: (query: PageQuery) => Promise<RecordPage>) {}

  async resolve(record: LogRecord): Promise<LogRecord | undefined> {
    const { seq } = record.head;
    const { erased } = record;
    if (erased !== undefined) {
      return (await this.#targets(erased)).includes(seq) ? record : asDamaged(record);
    }
    const order = await this.#orderOf(record);
    return order === undefined ? undefined : asErased(record, order);
  }

  async #targets(order: number): Promise<readonly number[]> {
    const cached = this.#orders.get(order);
    if (cached !== undefined) return cached;
    const query = { afterSeq: order - 1, beforeSeq: order + 1, from: "oldest", limit: 1 } as const;
    const { records } = await this.read({ ...query, bytesMax: 1 });
    const [record] = records;
    const targets = record === undefined ? [] : erasuresOf(record);
    // A missing record may become readable later, so it is not cached.
    if (record !== undefined) this.#cache(order, targets);
    return targets;
  }

  async #orderOf({ head }: LogRecord): Promise<number | undefined> {
    const query = { rooms: new Set([head.room]), kinds: ERASING_KINDS, from: "oldest" } as const;
    for (let afterSeq = head.seq; ; ) {
      const page = await this.read({ ...query, afterSeq, limit: 1_000, bytesMax: 1 << 20 });
      const order = page.records.find((record) => erasuresOf(record).includes(head.seq));
      if (order !== undefined) return order.head.seq;
      const last = page.records.at(-1);
      if (!page.more || last === undefined) return undefined;
      afterSeq = last.head.seq;
    }
  }

  #cache(order: number, targets: readonly number[]): void {
    if (this.#orders.size >= CACHED_ORDERS_MAX) this.#orders.clear();
    this.#orders.set(order, targets);
  }
}
