/** Transfer progress as a bar, lines or JSON. */

import { STALL_REPORTED_AFTER_MS } from "../../base/limits.ts";
import { formatDuration, formatElapsed, formatRate, formatSize } from "../../base/sizes.ts";
import { cleanText } from "../../base/text.ts";
import { defined } from "../../base/values.ts";
import type { TransferProgress } from "../../client/files/progress.ts";
import type { PauseCause } from "../../core/transfer/progress.ts";
import { type Context, mayRedraw, printNotice } from "../context.ts";
import { cutToWidth } from "../word-wrap.ts";
import type { JsonOutput } from "./render.ts";
import { printJson } from "./result.ts";

export const CLEAR_LINE = "\r\x1b[K";
const BAR_CELLS = 20;
const NAME_CELLS_MAX = 28;
/**
 * Number of progress lines in piped output. For a file of unknown size, a line follows after
 * UNKNOWN_FIRST_BYTES and after each doubling.
 */
const PROGRESS_STEPS = 10;
const UNKNOWN_FIRST_BYTES = 16e6;

const TIMED_MIN_MS = 1_000;

const WAIT_LABELS: Readonly<Record<PauseCause, string>> = {
  source: "the source",
  network: "the network",
  "server-disk": "the server's disk",
  sender: "the sender",
  disk: "this machine's disk",
  server: "the server",
};

export class ProgressDisplay {
  readonly #hasBar: boolean;
  readonly #hasLines: boolean;
  readonly #running = new Map<string, { progress: TransferProgress; lines: ProgressLines }>();
  #isDrawn = false;

  constructor(private readonly context: Context) {
    const { stdout, json } = context;
    const isQuiet = json && stdout.isTerminal;
    this.#hasBar = mayRedraw(context) && !isQuiet;
    this.#hasLines = !this.#hasBar && !json;
  }

  update(progress: TransferProgress): void {
    const running = this.#running.get(progress.id);
    const lines = running?.lines ?? new ProgressLines();
    this.#running.set(progress.id, { progress, lines });
    const isResumed = progress.resumedBytes > 0;
    const isWhole = isResumed && progress.resumedBytes === progress.sizeBytes;
    if (running === undefined && isResumed && !isWhole) this.print(resumedLine(progress));
    printJson(this.context, progressJson(progress));
    if (this.#hasBar) this.#draw(progress);
    const line = isWhole ? undefined : lines.next(progress); // The line with the result suffices.
    const isLongEnough = isDone(progress) && progress.elapsedMs >= TIMED_MIN_MS;
    if (line !== undefined && (this.#hasLines || (this.#hasBar && isLongEnough))) this.print(line);
  }

  print(text: string): void {
    this.#clear();
    printNotice(this.context, cleanText(text));
  }

  async end(id?: string): Promise<void> {
    if (id === undefined) this.#running.clear();
    else this.#running.delete(id);
    this.#clear();
    // The result on standard output follows on the same screen.
    await this.context.stderr.flushed();
  }

  #clear(): void {
    if (this.#isDrawn) this.context.stderr.write(CLEAR_LINE);
    this.#isDrawn = false;
  }

  #draw(progress: TransferProgress): void {
    const otherCount = this.#running.size - 1;
    const { stderr } = this.context;
    stderr.write(`${CLEAR_LINE}${barLine(progress, otherCount, stderr.columns())}`);
    this.#isDrawn = true;
  }
}

export class ProgressLines {
  #tenths = 0;
  #nextBytes = UNKNOWN_FIRST_BYTES;
  #isStalled = false;

  next(progress: TransferProgress): string | undefined {
    const { name, pause } = progress;
    const isStalled = pause !== undefined && pause.durationMs >= STALL_REPORTED_AFTER_MS;
    const hasStalled = isStalled && !this.#isStalled;
    this.#isStalled = isStalled;
    const hasAdvanced = this.#advances(progress);
    if (!hasStalled && !hasAdvanced) return undefined;
    return cleanText(`${name}: ${hasStalled ? waitText(pause) : progressText(progress)}`);
  }

  #advances({ doneBytes, sizeBytes }: TransferProgress): boolean {
    if (sizeBytes === undefined) {
      if (doneBytes < this.#nextBytes) return false;
      while (this.#nextBytes <= doneBytes) this.#nextBytes *= 2;
      return true;
    }
    const tenths = Math.floor(shareOf(doneBytes, sizeBytes) * PROGRESS_STEPS);
    const hasAdvanced = tenths > this.#tenths;
    this.#tenths = tenths;
    return hasAdvanced;
  }
}

export function progressJson(progress: TransferProgress): JsonOutput {
  const { id, name, doneBytes: sentBytes, sizeBytes, pause } = progress;
  return defined({ kind: "progress", id, name, sentBytes, sizeBytes, waits: pause?.cause });
}

export function resumedLine({ name, resumedBytes }: TransferProgress): string {
  return `${name}: resumed at ${formatSize(resumedBytes)}`;
}

/**
 * Returns a progress bar that fills exactly one row.
 * @internal
 */
export function barLine(progress: TransferProgress, otherCount: number, columns: number): string {
  const { name, doneBytes, sizeBytes, pause } = progress;
  const moreText = otherCount > 0 ? ` (and ${otherCount} more)` : "";
  const label = `${cutToWidth(cleanText(name), NAME_CELLS_MAX)}${moreText}`;
  const isStalled = pause !== undefined && pause.durationMs >= STALL_REPORTED_AFTER_MS;
  const bar = sizeBytes === undefined ? "" : ` ${barOf(shareOf(doneBytes, sizeBytes))}`;
  const status = isStalled ? `${sizesOf(progress)}; ${waitText(pause)}` : progressText(progress);
  return cutToWidth(`${label}${bar} ${status}`, Math.max(1, columns - 1));
}

function progressText(progress: TransferProgress): string {
  const { doneBytes, sizeBytes, ratePerS, leftMs } = progress;
  if (isDone(progress)) return doneText(progress);
  const share = sizeBytes === undefined ? [] : [`${percent(doneBytes, sizeBytes)} %`];
  const rate = ratePerS > 0 ? [formatRate(ratePerS)] : [];
  const left = leftMs === undefined ? [] : [`${formatDuration(leftMs)} left`];
  return [...share, sizesOf(progress), ...rate, ...left].join(", ");
}

/** Returns a text such as `100 %, 600 MB in 4.1 s, 146 MB/s`. The rate excludes resumed bytes. */
function doneText({ doneBytes, resumedBytes, elapsedMs }: TransferProgress): string {
  const size = formatSize(doneBytes);
  const moved = doneBytes - resumedBytes;
  if (elapsedMs < TIMED_MIN_MS || moved <= 0) return `100 %, ${size}`;
  const movedText = resumedBytes > 0 ? ` (${formatSize(moved)} in this run)` : "";
  const rate = formatRate((moved / elapsedMs) * 1_000);
  return `100 %, ${size}${movedText} in ${formatElapsed(elapsedMs)}, ${rate}`;
}

function isDone({ doneBytes, sizeBytes }: TransferProgress): boolean {
  return doneBytes === sizeBytes;
}

function sizesOf({ doneBytes, sizeBytes }: TransferProgress): string {
  if (sizeBytes === undefined || sizeBytes === doneBytes) return formatSize(doneBytes);
  return `${formatSize(doneBytes)} of ${formatSize(sizeBytes)}`;
}

function waitText({ cause, durationMs }: NonNullable<TransferProgress["pause"]>): string {
  return `waiting for ${WAIT_LABELS[cause]} (${Math.floor(durationMs / 1_000)} s)`;
}

function shareOf(doneBytes: number, sizeBytes: number): number {
  return sizeBytes === 0 ? 1 : Math.min(1, doneBytes / sizeBytes);
}

/** Rounds down, so that only a complete transfer reaches 100 %. */
function percent(doneBytes: number, sizeBytes: number): number {
  return Math.floor(shareOf(doneBytes, sizeBytes) * 100);
}

function barOf(share: number): string {
  const full = Math.floor(share * BAR_CELLS);
  return `[${"#".repeat(full)}${"-".repeat(BAR_CELLS - full)}]`;
}

const REDRAW_INTERVAL_MS = 250;

/** Has no effect on a terminal that cannot rewrite lines. */
export class CounterLine {
  #drawnMs = Number.NEGATIVE_INFINITY;
  #isDrawn = false;

  constructor(private readonly context: Pick<Context, "stderr" | "env" | "clock">) {}

  update(line: () => string): void {
    const { stderr, clock } = this.context;
    const now = clock.now();
    if (!mayRedraw(this.context) || now - this.#drawnMs < REDRAW_INTERVAL_MS) return;
    this.#drawnMs = now;
    this.#isDrawn = true;
    stderr.write(`${CLEAR_LINE}${line()}`);
  }

  end(): void {
    if (this.#isDrawn) this.context.stderr.write(CLEAR_LINE);
    this.#isDrawn = false;
  }
}
