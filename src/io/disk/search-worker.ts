/** Worker threads that search files. */

import { foldCase } from "../../base/case-fold.ts";
import type { DiskSearch, SearchPlace } from "./disk.ts";
import { type LineQuery, type LineSpans, lineMatcher } from "./line-matcher.ts";

/** More threads would only compete for memory bandwidth. */
const THREADS_MAX = 4;
/** A thread costs some megabytes; it is stopped after this long without searches. */
const IDLE_MS = 10_000;

type Found = readonly (LineSpans | undefined)[];

interface Question {
  readonly id: number;
  readonly places: readonly SearchPlace[];
  readonly query: LineQuery;
}

interface Answer {
  readonly id: number;
  readonly found: Found;
}

/** Globals of a worker. */
interface WorkerScope {
  onmessage: (event: { data: Question }) => void;
  postMessage(answer: Answer): void;
}

/** Threads that search files for matching lines, so that the event loop stays free. */
export class SearchThreads implements DiskSearch {
  readonly #threads: Thread[] = [];
  #url: string | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;

  async search(places: readonly SearchPlace[], query: LineQuery): Promise<Found> {
    clearTimeout(this.#idle);
    const answer = await this.#leastBusy().ask(places, query);
    if (this.#threads.every((thread) => thread.waiting === 0)) this.#letGoLater();
    return answer;
  }

  get width(): number {
    return Math.max(1, Math.min(THREADS_MAX, navigator.hardwareConcurrency));
  }

  #leastBusy(): Thread {
    const [first = this.#begin(), ...others] = this.#threads;
    const idlest = others.reduce(
      (one, other) => (other.waiting < one.waiting ? other : one),
      first,
    );
    return idlest.waiting > 0 && this.#threads.length < this.width ? this.#begin() : idlest;
  }

  #begin(): Thread {
    // Started from its source text, so that the compiled binary needs no second entry file.
    const source = new Blob([`(${searchLoop})(self, ${lineMatcher}, ${foldCase})`], {
      type: "text/javascript",
    });
    this.#url ??= URL.createObjectURL(source);
    const thread = new Thread(new Worker(this.#url));
    this.#threads.push(thread);
    return thread;
  }

  #letGoLater(): void {
    this.#idle = setTimeout(() => {
      for (const thread of this.#threads.splice(0)) thread.end();
    }, IDLE_MS);
    this.#idle.unref();
  }
}

class Thread {
  readonly #worker: Worker;
  /** Bounded by the archive, which requests a few stretches at a time. */
  readonly #waiting = new Map<number, { places: number; resolve: (found: Found) => void }>();
  #lastId = 0;
  #isBroken = false;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.unref();
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      this.#waiting.get(data.id)?.resolve(data.found);
      this.#waiting.delete(data.id);
      if (this.#waiting.size === 0) worker.unref();
    };
    worker.onerror = () => this.#giveUp();
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  ask(places: readonly SearchPlace[], query: LineQuery): Promise<Found> {
    if (this.#isBroken) return Promise.resolve(places.map(() => undefined));
    this.#lastId += 1;
    const question: Question = { id: this.#lastId, places, query };
    this.#worker.ref();
    this.#worker.postMessage(question);
    return new Promise((resolve) => {
      this.#waiting.set(question.id, { places: places.length, resolve });
    });
  }

  end(): void {
    this.#worker.terminate();
  }

  /** After a thread has failed, the caller searches every range itself. */
  #giveUp(): void {
    this.#isBroken = true;
    for (const { places, resolve } of this.#waiting.values()) {
      resolve(Array.from({ length: places }, () => undefined));
    }
    this.#waiting.clear();
  }
}

/** Runs in the worker from its source text: it may use nothing from outside. */
function searchLoop(
  scope: WorkerScope,
  matcherOf: typeof lineMatcher,
  fold: (text: string) => string,
): void {
  const fs = process.getBuiltinModule("node:fs");
  // Linux: of this thread alone. Chat has priority over searches.
  if (process.platform === "linux") process.getBuiltinModule("node:os").setPriority(10);
  let buffer = Buffer.alloc(0);
  const bytesOf = ({ path, from, to }: SearchPlace): Buffer | undefined => {
    let fd = -1;
    try {
      fd = fs.openSync(path, "r");
      if (buffer.length < to - from) buffer = Buffer.allocUnsafeSlow(to - from);
      return buffer.subarray(0, fs.readSync(fd, buffer, 0, to - from, from));
    } catch {
      // The caller will get the same error, and report it.
      return undefined;
    } finally {
      if (fd >= 0) fs.closeSync(fd);
    }
  };
  const mayMatch = (line: Buffer, matcher: ReturnType<typeof lineMatcher>): boolean => {
    try {
      const { head, body } = JSON.parse(line.toString("utf8"));
      return matcher.fitsHead(head) && matcher.fitsBody(body);
    } catch {
      return true; // The caller reports what is wrong with it.
    }
  };
  scope.onmessage = ({ data: { id, places, query } }) => {
    const matcher = matcherOf(query, fold);
    let [lines, sizeBytes] = [0, 0];
    const found = places.map((place) => {
      const isFull = lines > query.limit || sizeBytes > query.bytesMax;
      const bytes = isFull ? undefined : bytesOf(place);
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
