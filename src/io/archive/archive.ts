/** Reads pages of records from the segments of a log. */

import { foldCase } from "../../base/case-fold.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import {
  asDamaged,
  bodyMatches,
  type LogRecord,
  parseBody,
  parseHead,
  parseLine,
} from "../../wire/record.ts";
import { type Disk, type DiskSearch, diskFault } from "../disk/disk.ts";
import {
  type LineMatcher,
  type LineQuery,
  type LineSpans,
  lineMatcher,
} from "../disk/line-matcher.ts";
import type { Archive, Page, PageQuery } from "../log/log.ts";
import type { BlockIndex, Stretch } from "./block-index.ts";
import { ErasureCheck } from "./erasures.ts";
import { isRare, lineQueryOf } from "./line-query.ts";
import { type ArchiveOptions, type IndexView, LogIndex } from "./log-index.ts";
import { type FoundStretch, SegmentFiles } from "./segment-files.ts";

/** Bytes per read: few for the newest page, many for a search through the whole log. */
const READ_BYTES_MIN = 64 << 10;
const READ_BYTES_MAX = 1 << 20;
/**
 * Bytes scanned before yielding to the event loop: 3 ms for the worst text and messages measured,
 * 0.1 ms for a word.
 */
const BYTES_AT_ONCE = 64 << 10;
/**
 * Bytes scanned on the event loop before search threads are used: many searches, and all of small
 * logs, end within it.
 */
const DIRECT_BYTES = 1 << 20;
const NEWLINE = 0x0a;

export function openArchive(options: ArchiveOptions): LogArchive {
  return new LogArchive(options);
}

/** Reads a log's files by the sparse index, alongside or without the process that writes them. */
export class LogArchive implements Archive {
  readonly #options: ArchiveOptions;
  readonly #index: LogIndex;
  readonly #erasures = new ErasureCheck((query) => this.#raw(query));

  constructor(options: ArchiveOptions) {
    this.#options = options;
    this.#index = new LogIndex(options);
  }

  /** Brings the index up to date; the first call reads the cache or the whole log. */
  async ready(): Promise<void> {
    await this.#index.refresh(() => undefined);
  }

  /** @throws Fault log-corrupt, store-failed, store-denied */
  async page(query: PageQuery): Promise<Page> {
    const { records, more, doubtful } = await this.#raw(query);
    const judged: LogRecord[] = [];
    for (const record of records) {
      const isWhole = record.bodyBytes !== undefined;
      const sure = isWhole ? record : await this.#erasures.judge(record);
      const doubt = doubtful.get(record);
      if (sure !== undefined) judged.push(sure);
      else if (doubt === undefined) judged.push(record);
      else if (doubt !== "loose") throw doubt;
    }
    return { records: judged, more };
  }

  /**
   * Reads the page as it is on disk. `doubtful` holds records whose lines do not match their heads.
   */
  async #raw(query: PageQuery): Promise<Page & { doubtful: Collector["doubtful"] }> {
    const { disk, folder, sha256 } = this.#options;
    const files = new SegmentFiles(disk, folder);
    try {
      const stretches = await this.#index.refresh((view) => [...stretchesOf(query, view)]);
      const collector = new Collector(query, files, sha256, disk.yieldNow);
      await collector.collect(stretches, disk.search);
      return { ...collector.page(), doubtful: collector.doubtful };
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

/** Byte ranges to read, in the order of the query. */
function* stretchesOf(query: PageQuery, view: IndexView): Generator<Stretch> {
  if (query.limit < 1 || query.rooms?.size === 0) return;
  const blocks = view.index.candidates({
    ...(query.rooms === undefined ? {} : { rooms: query.rooms }),
    seqMin: (query.afterSeq ?? 0) + 1,
    seqMax: Math.min((query.beforeSeq ?? Number.MAX_SAFE_INTEGER) - 1, view.lastSeq),
    timeMin: query.sinceMs ?? 0,
    timeMax: query.untilMs ?? Number.MAX_SAFE_INTEGER,
  });
  if (query.from === "newest") yield* [...view.loose].reverse();
  yield* joined(view.index, query.from === "newest" ? blocks.reverse() : blocks);
  if (query.from === "oldest") yield* view.loose;
}

/** Merges adjacent blocks into single reads that grow in size. */
function* joined(index: BlockIndex, blocks: readonly number[]): Generator<Stretch> {
  let bytesMax = READ_BYTES_MIN;
  for (let i = 0; i < blocks.length; ) {
    const start = blocks[i] ?? 0;
    let stretch = index.stretch(start, start);
    let end = i + 1;
    for (; end < blocks.length; end++) {
      const block = blocks[end] ?? 0;
      const isNeighbour = Math.abs(block - (blocks[end - 1] ?? 0)) === 1;
      if (!isNeighbour || index.segmentOf[block] !== index.segmentOf[start]) break;
      const wider = index.stretch(Math.min(start, block), Math.max(start, block));
      if (wider.to - wider.from > bytesMax) break;
      stretch = wider;
    }
    yield stretch;
    i = end;
    bytesMax = Math.min(bytesMax * 2, READ_BYTES_MAX);
  }
}

/** Gathers the matches of a query until its page is full. */
class Collector {
  readonly #query: LineQuery & Pick<PageQuery, "from">;
  readonly #files: SegmentFiles;
  readonly #sha256: Sha256;
  readonly #matcher: LineMatcher;
  readonly #yieldNow: (() => Promise<void>) | undefined;
  /**
   * Records that only an erasure can explain (with the fault), or that may also never have been
   * acknowledged ("loose").
   */
  readonly doubtful = new Map<LogRecord, Fault | "loose">();
  readonly #records: LogRecord[] = [];
  #bytes = 0;
  #more = false;
  /** Bytes scanned since the last yield to the event loop. */
  #inTurnBytes = 0;

  constructor(query: PageQuery, files: SegmentFiles, sha256: Sha256, yieldNow: Disk["yieldNow"]) {
    this.#query = lineQueryOf(query);
    this.#files = files;
    this.#sha256 = sha256;
    this.#yieldNow = yieldNow;
    this.#matcher = lineMatcher(this.#query, foldCase);
  }

  async collect(stretches: readonly Stretch[], search: DiskSearch | undefined): Promise<void> {
    const sifter = isRare(this.#query) ? search : undefined;
    const direct = sifter === undefined ? stretches : beginning(stretches, DIRECT_BYTES);
    for await (const { stretch, bytes } of this.#files.read(direct)) {
      if (await this.#take(stretch, bytes)) return;
    }
    if (sifter === undefined || stretches.length <= direct.length) return;
    const rest = stretches.slice(direct.length);
    for await (const found of this.#files.sift(rest, this.#query, sifter)) {
      for await (const { stretch, bytes } of this.#files.read([found])) {
        if (await this.#take(stretch, bytes)) return;
      }
    }
  }

  /** Returns true if the page is full. */
  async #take(stretch: FoundStretch, bytes: Buffer): Promise<boolean> {
    const { starts, ends } = stretch.lines ?? (await this.#spans(bytes));
    const isNewest = this.#query.from === "newest";
    for (let i = 0; i < starts.length; i++) {
      const at = isNewest ? starts.length - 1 - i : i;
      const start = starts[at] ?? 0;
      const end = ends[at] ?? 0;
      if (this.#isTurnOver(end - start)) await this.#yieldNow?.();
      const record = this.#record(stretch, bytes.subarray(start, end), start);
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
      const lineEnd = bytes.indexOf(NEWLINE, from + BYTES_AT_ONCE);
      const to = lineEnd < 0 ? bytes.length : lineEnd + 1;
      const { starts, ends } = this.#matcher.spans(bytes.subarray(from, to));
      for (const start of starts) spans.starts.push(from + start);
      for (const end of ends) spans.ends.push(from + end);
      if (this.#isTurnOver(to - from)) await this.#yieldNow?.();
      from = to;
    }
    return spans;
  }

  #isTurnOver(sizeBytes: number): boolean {
    this.#inTurnBytes += sizeBytes;
    if (this.#inTurnBytes < BYTES_AT_ONCE) return false;
    this.#inTurnBytes = 0;
    return true;
  }

  page(): Page {
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

  /** Returns the line's record if it matches. */
  #record(stretch: Stretch, line: Buffer, start: number): LogRecord | undefined {
    const first = this.#sound(line);
    if (first !== undefined) return first.record;
    // An erasure may have been rewriting the line: read it again.
    const again = Buffer.alloc(line.length);
    const offset = stretch.from + start;
    this.#files.file(stretch.firstSeq).read(again, offset);
    const second = this.#sound(again);
    if (second !== undefined) return second.record;
    const parsed = parseLine(again);
    if (parsed.kind === "record") return this.#matching(asDamaged(parsed.record));
    const place = `${this.#files.pathOf(stretch.firstSeq)} is damaged at byte ${offset}`;
    const reason = parsed.kind === "bad" ? parsed.reason : "its kind is unknown";
    const fault = new Fault("log-corrupt", `${place}: ${reason}`);
    const head = parseHead(again);
    if (head !== undefined) {
      this.doubtful.set(head.record, stretch.isLoose === true ? "loose" : fault);
      return this.#matching(head.record);
    }
    if (stretch.isLoose === true) return undefined;
    throw fault;
  }

  /** Returns `undefined` if the line is invalid, and no record if it does not match. */
  #sound(line: Buffer): { readonly record: LogRecord | undefined } | undefined {
    const parsed = parseLine(line);
    if (parsed.kind === "newer") return { record: undefined };
    if (parsed.kind === "bad") return undefined;
    // Hashing dominates the cost: hash only what belongs on the page.
    const record = this.#matching(parsed.record);
    if (record !== undefined && !bodyMatches(record, this.#sha256)) return undefined;
    return { record };
  }

  #matching(record: LogRecord): LogRecord | undefined {
    const { fitsHead, fitsBody } = this.#matcher;
    if (!fitsHead(record.head)) return undefined;
    return this.#query.grep === undefined || fitsBody(parseBody(record)) ? record : undefined;
  }
}

/** Returns the leading stretches of up to `sizeBytes` in total, at least one. */
function beginning(stretches: readonly Stretch[], sizeBytes: number): readonly Stretch[] {
  let left = sizeBytes;
  const end = stretches.findIndex(({ from, to }) => {
    left -= to - from;
    return left < 0;
  });
  return end < 0 ? stretches : stretches.slice(0, Math.max(1, end));
}
