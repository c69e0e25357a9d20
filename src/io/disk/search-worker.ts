import type { DiskSearch, SearchFor, SearchPlace } from "./disk.ts";

/** More would only wait for memory, which all of them read from. */
const THREADS_MAX = 4;
/** A thread costs some megabytes; without searches it is let go. */
const IDLE_MS = 10_000;

interface Question {
  readonly id: number;
  readonly places: readonly SearchPlace[];
  readonly wanted: SearchFor;
}

interface Answer {
  readonly id: number;
  readonly holds: readonly boolean[];
}

/** What a worker sees of itself. */
interface WorkerScope {
  onmessage: (event: { data: Question }) => void;
  postMessage(answer: Answer): void;
}

/** Threads that read files and say where something may be, so that the event loop stays free. */
export class SearchThreads implements DiskSearch {
  readonly #threads: Thread[] = [];
  #url: string | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;

  async search(places: readonly SearchPlace[], wanted: SearchFor): Promise<readonly boolean[]> {
    clearTimeout(this.#idle);
    const answer = await this.#leastBusy().ask(places, wanted);
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
    // From its own text, so that the compiled binary needs no second entry file.
    const source = new Blob([`(${searchLoop})(self)`], { type: "text/javascript" });
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
  /** Bounded by the archive, which asks for a few stretches at a time. */
  readonly #waiting = new Map<number, { places: number; resolve: (holds: boolean[]) => void }>();
  #lastId = 0;
  #isBroken = false;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.unref();
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      this.#waiting.get(data.id)?.resolve([...data.holds]);
      this.#waiting.delete(data.id);
      if (this.#waiting.size === 0) worker.unref();
    };
    worker.onerror = () => this.#giveUp();
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  ask(places: readonly SearchPlace[], wanted: SearchFor): Promise<readonly boolean[]> {
    if (this.#isBroken) return Promise.resolve(places.map(() => true));
    this.#lastId += 1;
    const question: Question = { id: this.#lastId, places, wanted };
    this.#worker.ref();
    this.#worker.postMessage(question);
    return new Promise((resolve) => {
      this.#waiting.set(question.id, { places: places.length, resolve });
    });
  }

  end(): void {
    this.#worker.terminate();
  }

  /** A thread that fails knows nothing: then each place may hold it, and the asker looks itself. */
  #giveUp(): void {
    this.#isBroken = true;
    for (const { places, resolve } of this.#waiting.values()) {
      resolve(Array.from({ length: places }, () => true));
    }
    this.#waiting.clear();
  }
}

/** Runs in the worker, from its text alone: it may use nothing from outside of itself. */
function searchLoop(scope: WorkerScope): void {
  const fs = process.getBuiltinModule("node:fs");
  // Linux: of this thread alone. Chat goes before searches.
  if (process.platform === "linux") process.getBuiltinModule("node:os").setPriority(10);
  let buffer = Buffer.alloc(0);
  const isIn = (fd: number, { from, to }: SearchPlace, wanted: SearchFor): boolean => {
    if (buffer.length < to - from) buffer = Buffer.allocUnsafeSlow(to - from);
    const bytes = buffer.subarray(0, fs.readSync(fd, buffer, 0, to - from, from));
    if (wanted.kind === "bytes") return bytes.indexOf(wanted.needle) >= 0;
    return wanted.pattern.test(bytes.toString("latin1"));
  };
  const look = (place: SearchPlace, wanted: SearchFor): boolean => {
    let fd = -1;
    try {
      fd = fs.openSync(place.path, "r");
      return isIn(fd, place, wanted);
    } catch {
      // The caller will meet the same error, and report it.
      return true;
    } finally {
      if (fd >= 0) fs.closeSync(fd);
    }
  };
  scope.onmessage = ({ data: { id, places, wanted } }) => {
    scope.postMessage({ id, holds: places.map((place) => look(place, wanted)) });
  };
}
