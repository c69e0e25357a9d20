/** Queue of transfers that a user can pause, resume and cancel. */

import { asFault } from "../../base/fault.ts";
import type { LocalEvent } from "../../core/model/event.ts";
import type { TransferState, TransferView } from "../../core/model/state.ts";
import type { ProgressReport } from "../../core/transfer/progress.ts";

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ProgressReport) => void;
  /** Resolves when no earlier task with the same `sending` is running. */
  readonly untilTurn: () => Promise<void>;
}

export interface TransferTask {
  readonly view: Omit<TransferView, "state" | "progress">;
  /** Identifies files that are sent together. */
  readonly sending?: string | undefined;
  run(options: RunOptions): Promise<void>;
  storePaused(isPaused: boolean): void;
  discard(): void | Promise<void>;
  /** False if the transfer cannot continue after its UI has closed. */
  readonly isResumable: boolean;
}

interface Entry<Task> {
  readonly task: Task;
  state: TransferState | { readonly kind: "queued" };
  progress: ProgressReport | undefined;
  stop: AbortController | undefined;
  /** Resolves when the last run has ended, which may continue to write after a pause. */
  ended: Promise<void>;
  release: () => void;
}

export interface TransferQueueOptions {
  readonly runningMax: Readonly<Record<TransferView["kind"], number>>;
  /** Returns `undefined` if another process or tab runs the transfer. */
  readonly lock: (about: TransferTask["view"]) => Promise<(() => void) | undefined>;
  readonly emit: (event: LocalEvent) => void;
}

const RESUMABLE_STATES: ReadonlySet<string> = new Set(["paused", "failed", "needs-file"]);

export class TransferQueue<Task extends TransferTask> {
  readonly #options: TransferQueueOptions;
  readonly #entries = new Map<string, Entry<Task>>();
  #waiting: (() => void)[] = []; // Bounded by the number of runs; each change of state empties it.
  #isClosed = false;

  constructor(options: TransferQueueOptions) {
    this.#options = options;
  }

  ofKind(kind: TransferView["kind"]): readonly Readonly<Pick<Entry<Task>, "task" | "state">>[] {
    return [...this.#entries.values()].filter(({ task }) => task.view.kind === kind);
  }

  async add(task: Task): Promise<void> {
    const entry = this.#insert(task, { kind: "queued" });
    const release = await this.#options.lock(task.view);
    if (release === undefined || this.#entries.get(task.view.id) !== entry) return release?.();
    entry.release = release;
    this.#startQueued();
  }

  async restore(task: Task, open: () => Promise<Entry<Task>["state"]>): Promise<void> {
    if (this.#entries.has(task.view.id)) return;
    const release = await this.#options.lock(task.view);
    if (release === undefined) return;
    const state = await open();
    if (this.#isClosed) return release();
    this.#insert(task, state).release = release;
    this.#startQueued();
  }

  pause(id: string): void {
    const entry = this.#entries.get(id);
    if (entry?.state.kind !== "running" && entry?.state.kind !== "queued") return;
    entry.stop?.abort();
    this.#setState(entry, { kind: "paused" });
    entry.task.storePaused(true);
  }

  async resume(id: string, open: (task: Task) => Promise<boolean>): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined || !RESUMABLE_STATES.has(entry.state.kind)) return;
    const { state, task } = entry;
    if (!(await open(task))) return;
    if (this.#entries.get(id) !== entry || entry.state !== state) return;
    task.storePaused(false);
    this.#setState(entry, { kind: "queued" });
  }

  cancel(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    entry.stop?.abort();
    void this.#discard(entry);
    this.#startQueued();
  }

  close(): void {
    this.#isClosed = true;
    for (const { task, stop, release } of [...this.#entries.values()]) {
      if (!task.isResumable) this.cancel(task.view.id);
      stop?.abort();
      release();
    }
    this.#entries.clear();
  }

  /** Releases the lock last, so that a later run can clean up if this process ends first. */
  async #discard({ task, release }: Entry<Task>): Promise<void> {
    const { id } = task.view;
    await task.discard();
    release();
    this.#options.emit({ kind: "transfer-gone", id });
  }

  #insert(task: Task, state: Entry<Task>["state"]): Entry<Task> {
    const entry: Entry<Task> = {
      ...{ task, state, progress: undefined, stop: undefined },
      ...{ ended: Promise.resolve(), release: () => undefined },
    };
    this.#entries.set(task.view.id, entry);
    this.#emit(entry);
    return entry;
  }

  #setState(entry: Entry<Task>, state: Entry<Task>["state"]): void {
    entry.stop = undefined;
    entry.state = state;
    this.#emit(entry);
    this.#startQueued();
  }

  #startQueued(): void {
    if (this.#isClosed) return;
    for (const entry of this.#entries.values()) {
      const { kind } = entry.task.view;
      const running = this.ofKind(kind).filter(({ state }) => state.kind === "running");
      const isFull = running.length >= this.#options.runningMax[kind];
      if (entry.state.kind === "queued" && !isFull) this.#start(entry);
    }
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Ignores tasks that are queued, because waiting tasks could occupy all of their slots. */
  #isBehind({ task: { sending, view } }: Entry<Task>): boolean {
    for (const { task, state } of this.#entries.values()) {
      if (task.view.id === view.id) return false;
      if (task.sending === sending && state.kind === "running") return sending !== undefined;
    }
    return false;
  }

  async #untilTurn(entry: Entry<Task>): Promise<void> {
    while (this.#isBehind(entry)) await new Promise<void>((wake) => this.#waiting.push(wake));
  }

  #start(entry: Entry<Task>): void {
    const stop = new AbortController();
    entry.stop = stop;
    entry.state = { kind: "running" };
    this.#emit(entry);
    entry.ended = entry.ended.then(() => this.#run(entry, stop));
  }

  async #run(entry: Entry<Task>, stop: AbortController): Promise<void> {
    const onProgress = (progress: ProgressReport) => {
      entry.progress = progress;
      if (entry.stop === stop) this.#emit(entry);
    };
    let state: TransferState = { kind: "done" };
    try {
      if (stop.signal.aborted) return;
      const untilTurn = () => this.#untilTurn(entry);
      await entry.task.run({ signal: stop.signal, onProgress, untilTurn });
    } catch (error) {
      state = { kind: "failed", fault: asFault(error) };
    }
    if (entry.stop === stop && !stop.signal.aborted) this.#setState(entry, state);
  }

  #emit({ task, state, progress }: Entry<Task>): void {
    if (this.#isClosed) return;
    const visibleState = state.kind === "queued" ? ({ kind: "running" } as const) : state;
    const transfer = { ...task.view, state: visibleState, progress };
    this.#options.emit({ kind: "transfer", transfer });
  }
}
