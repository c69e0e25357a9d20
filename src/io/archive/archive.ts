import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { asDamaged, bodyFits, type LogRecord, parseHead, parseLine } from "../../wire/record.ts";
import { type Disk, type DiskSearch, diskFault } from "../disk/disk.ts";
import type { Archive, Page, PageQuery } from "../log/log.ts";
import type { BlockIndex, Stretch } from "./block-index.ts";
import { Erasures } from "./erasures.ts";
import { type ArchiveOptions, type IndexView, LogIndex } from "./log-index.ts";
import { Matcher } from "./matcher.ts";
import { SegmentFiles } from "./segment-files.ts";

/** How much is read at once: little for the newest page, much for a search through all. */
const READ_BYTES_MIN = 64 << 10;
const READ_BYTES_MAX = 1 << 20;
/** Looked at in one go; then the event loop sees what else there is to do. */
const LINES_AT_ONCE = 100;
/** Read right here before threads are asked: many searches, and small logs, end within. */
const DIRECT_STRETCHES = 24;

export function openArchive(options: ArchiveOptions): LogArchive {
  return new LogArchive(options);
}

/** Reads a log's files by the sparse index, beside, or without, the process that writes them. */
export class LogArchive implements Archive {
  readonly #options: ArchiveOptions;
  readonly #index: LogIndex;
  readonly #erasures = new Erasures((query) => this.#raw(query));

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

  /** As it stands on disk; `doubtful`: lines that make no sense behind their heads. */
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

/** What has to be looked at, in the order of the query. */
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

/** Neighbouring blocks in one read, more and more of them. */
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
  readonly #query: PageQuery;
  readonly #files: SegmentFiles;
  readonly #sha256: Sha256;
  readonly #matcher: Matcher;
  readonly #yieldNow: (() => Promise<void>) | undefined;
  /** Of lines that only an erasing can explain; `loose`: or that they were never said. */
  readonly doubtful = new Map<LogRecord, Fault | "loose">();
  readonly #records: LogRecord[] = [];
  #bytes = 0;
  #more = false;

  constructor(query: PageQuery, files: SegmentFiles, sha256: Sha256, yieldNow: Disk["yieldNow"]) {
    this.#query = query;
    this.#files = files;
    this.#sha256 = sha256;
    this.#yieldNow = yieldNow;
    this.#matcher = new Matcher(query);
  }

  async collect(stretches: readonly Stretch[], search: DiskSearch | undefined): Promise<void> {
    const { wanted } = this.#matcher;
    const isSifted = search !== undefined && wanted !== undefined;
    const direct = isSifted ? stretches.slice(0, DIRECT_STRETCHES) : stretches;
    for await (const { stretch, bytes } of this.#files.read(direct)) {
      if (await this.#take(stretch, bytes)) return;
    }
    if (!isSifted || stretches.length <= DIRECT_STRETCHES) return;
    for await (const found of this.#files.sift(stretches.slice(DIRECT_STRETCHES), wanted, search)) {
      for await (const { stretch, bytes } of this.#files.read([found])) {
        if (await this.#take(stretch, bytes)) return;
      }
    }
  }

  /** True when the page is full: nothing further needs to be read. */
  async #take(stretch: Stretch, bytes: Buffer): Promise<boolean> {
    const { starts, ends } = this.#matcher.spans(bytes);
    const isNewest = this.#query.from === "newest";
    for (let i = 0; i < starts.length; i++) {
      if (i % LINES_AT_ONCE === LINES_AT_ONCE - 1) await this.#yieldNow?.();
      const at = isNewest ? starts.length - 1 - i : i;
      const start = starts[at] ?? 0;
      const end = ends[at] ?? 0;
      const record = this.#record(stretch, bytes.subarray(start, end), start);
      if (
        record !== undefined &&
        this.#matcher.matches(record) &&
        !this.#add(record, end - start)
      ) {
        this.#more = true;
        return true;
      }
    }
    return false;
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

  #record(stretch: Stretch, line: Buffer, start: number): LogRecord | undefined {
    const first = this.#sound(line);
    if (first !== undefined) return first.record;
    // An erasure may have been writing there in that moment: once more.
    const again = Buffer.alloc(line.length);
    const offset = stretch.from + start;
    this.#files.file(stretch.firstSeq).read(again, offset);
    const second = this.#sound(again);
    if (second !== undefined) return second.record;
    const parsed = parseLine(again);
    if (parsed.kind === "record") return asDamaged(parsed.record);
    const place = `${this.#files.pathOf(stretch.firstSeq)} is damaged at byte ${offset}`;
    const reason = parsed.kind === "bad" ? parsed.reason : "its kind is unknown";
    const fault = new Fault("log-corrupt", `${place}: ${reason}`);
    const head = parseHead(again);
    if (head !== undefined) {
      this.doubtful.set(head.record, stretch.isLoose === true ? "loose" : fault);
      return head.record;
    }
    if (stretch.isLoose === true) return undefined;
    throw fault;
  }

  /** Undefined: the line makes no sense; without a record it is of a later version. */
  #sound(line: Buffer): { readonly record: LogRecord | undefined } | undefined {
    const parsed = parseLine(line);
    if (parsed.kind === "newer") return { record: undefined };
    if (parsed.kind === "bad" || !bodyFits(parsed.record, this.#sha256)) return undefined;
    return parsed;
  }
}
