/** Writes to standard output, standard error and the full screen. */

import { write, writeSync } from "node:fs";
import { isatty } from "node:tty";
import { NEWLINE } from "../../base/ascii.ts";
import { Fault } from "../../base/fault.ts";
import { diskFault, isFull } from "../disk/disk.ts";

export interface Output {
  readonly isTerminal: boolean;
  columns(): number;
  /** `undefined` if it has no height. */
  rows(): number | undefined;
  /**
   * Queues the text or bytes, so that a stalled terminal or pipe blocks nothing else. Bytes must
   * not change until `flushed` resolves.
   */
  write(data: string | Uint8Array): void;
  queuedBytes(): number;
  /** Resolves when less than 1 MiB is queued, or when the reader has closed its end. */
  drained(): Promise<void>;
  flushed(): Promise<void>;
  fault(): Fault | undefined;
}

/**
 * The fault is `undefined` if the reader has closed its end (EPIPE), e.g. after `| head`. After a
 * full disk, the output drops what is queued and writes again when there is space.
 */
export type OnBroken = (fault: Fault | undefined) => void;

const LOW_BYTES = 1 << 20;
const WRITE_BYTES_MAX = 1 << 18;
const RETRY_MS = 2;
const RETRY_MS_MAX = 64;
const COLUMNS_DEFAULT = 80;

interface Stream {
  readonly fd: number;
  readonly isNonBlocking: boolean;
  readonly isTerminal: boolean;
  columns(): number | undefined;
  rows(): number | undefined;
}

export function standardOutput(onBroken: OnBroken): Output {
  return new FdOutput(streamOf(1), onBroken);
}

export function standardError(onBroken: OnBroken): Output {
  return new FdOutput(streamOf(2), onBroken);
}

export interface ScreenOutput extends Output {
  discard(): void;
}

export function screenOutput(fd: number | undefined, onBroken: OnBroken): ScreenOutput {
  const stream = streamOf(1);
  return new FdOutput(fd === undefined ? stream : { ...stream, fd, isNonBlocking: true }, onBroken);
}

/** Uses `process.stdout` for terminals only, because it would make a pipe non-blocking. */
function streamOf(fd: 1 | 2): Stream {
  const isTerminal = isatty(fd);
  const stream = () => (fd === 1 ? process.stdout : process.stderr);
  const columns = () => (isTerminal ? stream().columns : undefined);
  const rows = () => (isTerminal ? stream().rows : undefined);
  return { fd, isTerminal, isNonBlocking: false, columns, rows };
}

class FdOutput implements ScreenOutput {
  readonly isTerminal: boolean;
  #queue: (string | Uint8Array)[] = [];
  #queuedBytes = 0;
  #writing = false;
  #broken = false;
  #retryMs = RETRY_MS;
  #discards = 0;
  #fault: Fault | undefined;
  /** Since the last write, which failed. */
  #isDiskFull = false;
  #endsLine = true;
  #waiters: { readonly belowBytes: number; readonly resolve: () => void }[] = [];

  constructor(
    private readonly stream: Stream,
    private readonly onBroken: OnBroken,
  ) {
    this.isTerminal = stream.isTerminal;
  }

  columns(): number {
    return this.stream.columns() || COLUMNS_DEFAULT;
  }

  rows(): number | undefined {
    return this.stream.rows() || undefined;
  }

  write(data: string | Uint8Array): void {
    if (this.#broken || data.length === 0) return;
    this.#queue.push(data);
    this.#queuedBytes += Buffer.byteLength(data);
    if (!this.#writing) this.#begin();
  }

  queuedBytes(): number {
    return this.#queuedBytes;
  }

  discard(): void {
    this.#queue = [];
    this.#discards++;
    this.#queuedBytes = 0;
    this.#wake();
  }

  drained(): Promise<void> {
    return this.#below(LOW_BYTES);
  }

  flushed(): Promise<void> {
    return this.#below(1);
  }

  fault(): Fault | undefined {
    return this.#fault;
  }

  #below(belowBytes: number): Promise<void> {
    if (this.#queuedBytes < belowBytes) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ belowBytes, resolve }));
  }

  #begin(): void {
    this.#writing = true;
    queueMicrotask(() => this.#next());
  }

  #next(): void {
    const parts = this.#queue.map((data) => (typeof data === "string" ? Buffer.from(data) : data));
    this.#queue = [];
    // A full disk may have cut the last line.
    const isCut = this.#isDiskFull && !this.#endsLine;
    if (isCut) this.#queuedBytes++;
    this.#writeOut(Buffer.concat(isCut ? [Uint8Array.of(NEWLINE), ...parts] : parts));
  }

  #writeOut(bytes: Buffer): void {
    if (bytes.length === 0) {
      this.#writing = this.#queue.length > 0;
      if (this.#writing) this.#next();
      return;
    }
    const length = Math.min(bytes.length, WRITE_BYTES_MAX);
    const { fd, isNonBlocking } = this.stream;
    const discards = this.#discards;
    const done = (error: NodeJS.ErrnoException | null, writtenBytes: number) => {
      if (discards !== this.#discards) this.#writeOut(Buffer.alloc(0));
      else if (error === null) this.#onWritten(bytes, writtenBytes);
      else if (error.code === "EAGAIN") this.#retry(bytes);
      else this.#break(error);
    };
    if (isNonBlocking) writeNonBlocking(fd, bytes.subarray(0, length), done);
    else write(fd, bytes, 0, length, null, done);
  }

  #retry(bytes: Buffer): void {
    const discards = this.#discards;
    setTimeout(() => {
      this.#writeOut(discards === this.#discards ? bytes : Buffer.alloc(0));
    }, this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS_MAX);
  }

  #onWritten(bytes: Buffer, writtenBytes: number): void {
    this.#queuedBytes -= writtenBytes;
    this.#retryMs = RETRY_MS;
    if (writtenBytes > 0) this.#endsLine = bytes[writtenBytes - 1] === NEWLINE;
    this.#isDiskFull = false;
    this.#wake();
    this.#writeOut(bytes.subarray(writtenBytes));
  }

  #break(error: NodeJS.ErrnoException): void {
    const isReported = this.#isDiskFull;
    this.#isDiskFull = isFull(error);
    this.#broken = !this.#isDiskFull;
    this.#writing = false;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#fault = brokenFault(error, this.isTerminal);
    if (!isReported) this.onBroken(this.#fault);
    this.#wake();
  }

  #wake(): void {
    const due = this.#waiters.filter((waiter) => this.#queuedBytes < waiter.belowBytes);
    this.#waiters = this.#waiters.filter((waiter) => this.#queuedBytes >= waiter.belowBytes);
    for (const waiter of due) waiter.resolve();
  }
}

function writeNonBlocking(
  fd: number,
  bytes: Buffer,
  done: (error: NodeJS.ErrnoException | null, writtenBytes: number) => void,
): void {
  try {
    done(null, writeSync(fd, bytes));
  } catch (error) {
    done(error as NodeJS.ErrnoException, 0);
  }
}

function brokenFault(error: NodeJS.ErrnoException, isTerminal: boolean): Fault | undefined {
  // EIO means that a terminal was closed, but that the disk of a file failed.
  if (error.code === "EPIPE" || (error.code === "EIO" && isTerminal)) return undefined;
  const fault = diskFault(error, "standard output");
  if (error.code !== "EFBIG") return fault;
  const message = "the output is too large: its disk cannot store files of this size";
  return new Fault(fault.code, message, { remedy: "write it to another disk", cause: error });
}
