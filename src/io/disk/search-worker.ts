/** Matcher for lines of a log, and worker threads that search files with it. */

import { foldCase } from "../../base/case-fold.ts";
import { wordFolder } from "../../base/word-fold.ts";
import type { Head } from "../../wire/record.ts";
import type { DiskSearch, LineQuery, LineSpans, SearchRange } from "./disk.ts";

/** Returns the offset of the next possible match at or after `from`; negative if there is none. */
type FindNext = (from: number) => number;

export interface LineMatcher {
  spans(bytes: Buffer): LineSpans;
  matchesHead(head: Head): boolean;
  matchesBody(body: unknown): boolean;
}

/**
 * Selects the lines that match a query. Search threads run this function from its source text, so
 * it must be self-contained and gets its foldings as arguments.
 */
export function lineMatcher(
  query: LineQuery,
  { foldCase, foldWords }: Readonly<Record<"foldCase" | "foldWords", (text: string) => string>>,
): LineMatcher {
  const newline = 0x0a;
  const searched = ["text", "topic", "name"];
  const { needle, pattern, grep, words, re } = query;
  const { rooms, kinds, by, afterSeq, beforeSeq, sinceMs, untilMs } = query;

  const { isAscii } = process.getBuiltinModule("node:buffer");
  const asciiBlockBytes = 4_096;

  /** Lines that are not ASCII can have a word in any spelling. */
  const nextOtherThanAscii = (bytes: Buffer, from: number): number => {
    for (let at = from; at < bytes.length; at += asciiBlockBytes) {
      const block = bytes.subarray(at, at + asciiBlockBytes);
      if (!isAscii(block)) return at + block.findIndex((byte) => byte > 0x7f);
    }
    return -1;
  };

  const findIn = (bytes: Buffer): FindNext => {
    const findNext = findPatternIn(bytes);
    if (words === undefined) return findNext;
    let [hit, other] = [-2, -2];
    return (from) => {
      if (hit !== -1 && hit < from) hit = findNext(from);
      if (other !== -1 && other < from) other = nextOtherThanAscii(bytes, from);
      return hit < 0 || (other >= 0 && other < hit) ? other : hit;
    };
  };

  const findPatternIn = (bytes: Buffer): FindNext => {
    if (pattern !== undefined) {
      const text = bytes.toString("latin1");
      return (from) => {
        pattern.lastIndex = from;
        return pattern.exec(text)?.index ?? -1;
      };
    }
    if (words !== undefined) return () => -1;
    return needle === undefined ? (from) => from : (from) => bytes.indexOf(needle, from);
  };

  const mayMatch = (line: Buffer): boolean => {
    if (words !== undefined && !isAscii(line)) return true;
    if (pattern === undefined) {
      return words === undefined && (needle === undefined || line.includes(needle));
    }
    pattern.lastIndex = 0;
    return pattern.test(line.toString("latin1"));
  };

  return {
    spans: (bytes) => {
      const findNext = findIn(bytes);
      const spans: LineSpans = { starts: [], ends: [] };
      for (let from = 0; from < bytes.length; ) {
        const hit = findNext(from);
        const end = hit < 0 ? -1 : bytes.indexOf(newline, hit);
        if (end < 0) break;
        // An empty line is its own hit.
        const start = Math.min(hit, bytes.lastIndexOf(newline, hit) + 1);
        if (mayMatch(bytes.subarray(start, end))) {
          spans.starts.push(start);
          spans.ends.push(end);
        }
        from = end + 1;
      }
      return spans;
    },
    matchesHead: (head) => {
      if (afterSeq !== undefined && head.seq <= afterSeq) return false;
      if (beforeSeq !== undefined && head.seq >= beforeSeq) return false;
      if (sinceMs !== undefined && head.time < sinceMs) return false;
      if (untilMs !== undefined && head.time > untilMs) return false;
      if (rooms !== undefined && !rooms.has(head.room)) return false;
      if (kinds !== undefined && !kinds.has(head.kind)) return false;
      return by === undefined || head.by === by;
    },
    matchesBody: (body) => {
      if (grep === undefined && words === undefined && re === undefined) return true;
      if (typeof body !== "object" || body === null) return false;
      const fields = body as Record<string, unknown>;
      if (re !== undefined && fields["re"] !== re) return false;
      const files: unknown = Object.hasOwn(fields, "files") ? fields["files"] : undefined;
      const values = searched.map((name) => Object.hasOwn(fields, name) && fields[name]);
      const names = Array.isArray(files) ? files.map((file) => Object(file).name) : [];
      const texts = [...values, ...names].filter((value) => typeof value === "string");
      if (grep !== undefined) {
        const folded = query.ignoreCase === true ? texts.map(foldCase) : texts;
        if (!folded.some((text) => text.includes(grep))) return false;
      }
      if (words === undefined) return true;
      const all = foldWords(texts.join("\0"));
      return words.every((word) => all.includes(word));
    },
  };
}

/** More threads would compete for memory bandwidth. */
const THREADS_MAX = 4;
/** Idle time before search threads stop, because each uses several megabytes. */
const IDLE_TIMEOUT_MS = 10_000;

type SearchResult = readonly (LineSpans | undefined)[];

interface SearchRequest {
  readonly id: number;
  readonly ranges: readonly SearchRange[];
  readonly query: LineQuery;
}

interface SearchResponse {
  readonly id: number;
  readonly found: SearchResult;
}

interface WorkerScope {
  onmessage: (event: { data: SearchRequest }) => void;
  postMessage(answer: SearchResponse): void;
}

export class SearchThreads implements DiskSearch {
  readonly #threads: Thread[] = [];
  #url: string | undefined;
  #cancelStop = () => {};

  constructor(
    private readonly openWorker = (url: string) => new Worker(url),
    private readonly afterIdle = afterIdleTimeout,
  ) {}

  async search(ranges: readonly SearchRange[], query: LineQuery): Promise<SearchResult> {
    this.#cancelStop();
    const answer = await this.#leastBusy().search(ranges, query);
    if (this.#threads.every((thread) => thread.pendingCount === 0)) this.#stopWhenIdle();
    return answer;
  }

  get width(): number {
    return Math.max(1, Math.min(THREADS_MAX, navigator.hardwareConcurrency));
  }

  #leastBusy(): Thread {
    const [first = this.#begin(), ...following] = this.#threads;
    const leastBusy = following.reduce((a, b) => (b.pendingCount < a.pendingCount ? b : a), first);
    return leastBusy.pendingCount > 0 && this.#threads.length < this.width
      ? this.#begin()
      : leastBusy;
  }

  #begin(): Thread {
    // Use source text, so that the compiled binary needs no second entry point.
    const source = new Blob(
      [
        `(${searchLoop})(self, ${lineMatcher}, {
      foldCase: ${foldCase}, foldWords: (${wordFolder})(),
    })`,
      ],
      { type: "text/javascript" },
    );
    this.#url ??= URL.createObjectURL(source);
    const thread = new Thread(this.openWorker(this.#url), () => {
      this.#threads.splice(this.#threads.indexOf(thread), 1);
    });
    this.#threads.push(thread);
    return thread;
  }

  /** Several searches may end in one turn, and each of them sees that all threads are idle. */
  #stopWhenIdle(): void {
    this.#cancelStop();
    this.#cancelStop = this.afterIdle(() => {
      for (const thread of this.#threads.splice(0)) thread.end();
    });
  }
}

/** Unlike the timers of a clock, this one does not keep the process running. */
function afterIdleTimeout(stop: () => void): () => void {
  const timer = setTimeout(stop, IDLE_TIMEOUT_MS);
  timer.unref();
  return () => clearTimeout(timer);
}

class Thread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, { ranges: number; resolve: (found: SearchResult) => void }>();
  #lastId = 0;

  constructor(worker: Worker, onFailure: () => void) {
    this.#worker = worker;
    worker.unref();
    worker.onmessage = ({ data }: MessageEvent<SearchResponse>) => {
      this.#pending.get(data.id)?.resolve(data.found);
      this.#pending.delete(data.id);
      if (this.#pending.size === 0) worker.unref();
    };
    worker.onerror = () => {
      onFailure();
      this.#fail();
    };
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  search(ranges: readonly SearchRange[], query: LineQuery): Promise<SearchResult> {
    this.#lastId += 1;
    const request: SearchRequest = { id: this.#lastId, ranges, query };
    this.#worker.ref();
    this.#worker.postMessage(request);
    return new Promise((resolve) => {
      this.#pending.set(request.id, { ranges: ranges.length, resolve });
    });
  }

  end(): void {
    this.#worker.terminate();
  }

  #fail(): void {
    this.end();
    for (const { ranges, resolve } of this.#pending.values()) {
      resolve(Array.from({ length: ranges }, () => undefined));
    }
    this.#pending.clear();
  }
}

function searchLoop(
  scope: WorkerScope,
  matcherOf: typeof lineMatcher,
  foldings: Parameters<typeof lineMatcher>[1],
): void {
  const fs = process.getBuiltinModule("node:fs");
  // Lower this thread's priority (Linux only), so that searches do not delay messages. Only root
  // may raise it: a server that was started with a lower priority keeps that.
  const os = process.getBuiltinModule("node:os");
  if (process.platform === "linux" && os.getPriority() < 10) os.setPriority(10);
  let buffer = Buffer.alloc(0);
  const bytesOf = ({ path, from, to }: SearchRange): Buffer | undefined => {
    let fd = -1;
    try {
      fd = fs.openSync(path, "r");
      if (buffer.length < to - from) buffer = Buffer.allocUnsafeSlow(to - from);
      const into = buffer.subarray(0, to - from);
      return into.subarray(0, fs.readSync(fd, into, 0, to - from, from));
    } catch {
      return undefined;
    } finally {
      if (fd >= 0) fs.closeSync(fd);
    }
  };
  const mayMatch = (line: Buffer, matcher: ReturnType<typeof lineMatcher>): boolean => {
    try {
      const { head, body } = JSON.parse(line.toString("utf8"));
      return matcher.matchesHead(head) && matcher.matchesBody(body);
    } catch {
      return true;
    }
  };
  scope.onmessage = ({ data: { id, ranges, query } }) => {
    const matcher = matcherOf(query, foldings);
    let [lines, sizeBytes] = [0, 0];
    const found = ranges.map((range) => {
      const isFull = lines > query.limit || sizeBytes > query.bytesMax;
      const bytes = isFull ? undefined : bytesOf(range);
      if (bytes === undefined) return undefined;
      const { starts, ends } = matcher.spans(bytes);
      const matching: LineSpans = { starts: [], ends: [] };
      for (const [i, start] of starts.entries()) {
        const end = ends[i] ?? start;
        if (!mayMatch(bytes.subarray(start, end), matcher)) continue;
        matching.starts.push(start);
        matching.ends.push(end);
        lines++;
        sizeBytes += end - start;
      }
      return matching;
    });
    scope.postMessage({ id, found });
  };
}
