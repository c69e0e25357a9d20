/** Queue of transfers that a user can pause, resume and cancel. */

import { asFault } from "../../base/fault.ts";
import type { LocalEvent } from "../../core/model/event.ts";
import type { TransferState, TransferView } from "../../core/model/state.ts";
import type { ProgressReport } from "../../core/transfer/progress.ts";

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ProgressReport) => void;
}

export interface TransferTask {
  readonly view: Omit<TransferView, "state" | "progress">;
  run(options: RunOptions): Promise<void>;
  /** Reports whether the task starts before queued tasks that are not urgent. */
  isUrgent?(): boolean;
  storePaused?(isPaused: boolean): void;
  discard?(): void | Promise<void>;
  /** Absent if the transfer cannot continue after its UI has closed. */
  readonly isResumable?: boolean;
}

interface Entry<Task> {
  readonly task: Task;
  state: TransferState | { readonly kind: "queued" };
  progress: ProgressReport | undefined;
  stop: AbortController | undefined;
  /** Resolves when the last run has ended, which may continue to write after a pause. */
  ended: Promise<void> | undefined;
  release: () => void;
}

export interface TransferQueueOptions {
  /** Unlimited by default. */
  readonly runningMax?: Partial<Record<TransferView["kind"], number>>;
  /** Returns `undefined` if another process or tab runs the transfer. */
  readonly lock?: (about: TransferTask["view"]) => Promise<(() => void) | undefined>;
  readonly emit?: (event: Extract<LocalEvent, { kind: `transfer${string}` }>) => void;
  /** True if users can neither resume a failed transfer nor dismiss a finished one. */
  readonly removesEnded?: boolean;
}

const RESUMABLE_STATES: ReadonlySet<string> = new Set(["paused", "failed", "needs-permission"]);

export class TransferQueue<Task extends TransferTask> {
  readonly #options: TransferQueueOptions;
  readonly #entries = new Map<string, Entry<Task>>();
  #waiting: (() => void)[] = []; // Bounded by the number of runs; each change of state empties it.
  #runningCount = 0;
  #isClosed = false;

  constructor(options: TransferQueueOptions) {
    this.#options = options;
  }

  ofKind(kind: TransferView["kind"]): readonly Entry<Task>[] {
    return [...this.#entries.values()].filter(({ task }) => task.view.kind === kind);
  }

  /** Includes runs that were cancelled but have not ended. */
  get unsettledCount(): number {
    const queued = [...this.#entries.values()].filter(({ state }) => state.kind === "queued");
    return queued.length + this.#runningCount;
  }

  async settled(): Promise<void> {
    while (this.unsettledCount > 0) await new Promise<void>((wake) => this.#waiting.push(wake));
  }

  async add(task: Task): Promise<void> {
    const { lock } = this.#options;
    const entry = this.#insert(task, { kind: "queued" });
    const release = lock === undefined ? () => {} : await lock(task.view);
    if (release === undefined || this.#entries.get(task.view.id) !== entry) return release?.();
    entry.release = release;
    this.#startQueued();
  }

  async restore(task: Task, open: () => Promise<Entry<Task>["state"]>): Promise<void> {
    if (this.#entries.has(task.view.id)) return;
    const release = await this.#options.lock?.(task.view);
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
    entry.task.storePaused?.(true);
  }

  async resume(id: string, open: (task: Task) => Promise<boolean>): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined || !RESUMABLE_STATES.has(entry.state.kind)) return;
    const { state, task } = entry;
    if (!(await open(task))) return;
    if (this.#entries.get(id) !== entry || entry.state !== state) return;
    task.storePaused?.(false);
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
      if (task.isResumable !== true) this.cancel(task.view.id);
      stop?.abort();
      release();
    }
    this.#entries.clear();
    this.#startQueued();
  }

  /** Releases the lock last, so that a later run can clean up if this process ends first. */
  async #discard({ task, release }: Entry<Task>): Promise<void> {
    const { id } = task.view;
    await task.discard?.();
    release();
    this.#options.emit?.({ kind: "transfer-gone", id });
  }

  #insert(task: Task, state: Entry<Task>["state"]): Entry<Task> {
    const entry: Entry<Task> = {
      task,
      state,
      progress: undefined,
      stop: undefined,
      ended: undefined,
      release: () => undefined,
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
    for (const wake of this.#waiting.splice(0)) wake();
    if (this.#isClosed) return;
    const entries = [...this.#entries.values()];
    const unlimited = Number.POSITIVE_INFINITY;
    const free = { upload: unlimited, download: unlimited, ...this.#options.runningMax };
    for (const { task, state } of entries) {
      if (state.kind === "running") free[task.view.kind] -= 1;
    }
    const urgency = ({ task }: Entry<Task>) => Number(task.isUrgent?.() === true);
    for (const entry of entries.sort((a, b) => urgency(b) - urgency(a))) {
      if (entry.state.kind === "queued" && free[entry.task.view.kind]-- > 0) this.#start(entry);
    }
  }

  #start(entry: Entry<Task>): void {
    const stop = new AbortController();
    entry.stop = stop;
    entry.state = { kind: "running" };
    this.#emit(entry);
    const run = () => this.#run(entry, stop);
    entry.ended = entry.ended === undefined ? run() : entry.ended.then(run);
  }

  async #run(entry: Entry<Task>, stop: AbortController): Promise<void> {
    const onProgress = (progress: ProgressReport) => {
      entry.progress = progress;
      if (entry.stop === stop) this.#emit(entry);
    };
    let state: TransferState = { kind: "done" };
    this.#runningCount += 1;
    try {
      if (!stop.signal.aborted) await entry.task.run({ signal: stop.signal, onProgress });
    } catch (error) {
      state = { kind: "failed", fault: asFault(error) };
    }
    this.#runningCount -= 1;
    if (entry.stop !== stop || stop.signal.aborted) return this.#startQueued();
    const { id } = entry.task.view;
    if (this.#options.removesEnded === true) {
      if (state.kind === "done") return this.cancel(id);
      this.#entries.delete(id);
    }
    this.#setState(entry, state);
  }

  #emit({ task, state, progress }: Entry<Task>): void {
    if (this.#isClosed) return;
    const visibleState = state.kind === "queued" ? ({ kind: "running" } as const) : state;
    const transfer = { ...task.view, state: visibleState, progress };
    this.#options.emit?.({ kind: "transfer", transfer });
  }
}
