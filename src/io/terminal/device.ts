/** Terminal device with its size, raw mode and signals. */

import { closeSync, constants, openSync, writeSync } from "node:fs";
import type { Input } from "./input.ts";
import { type OnBroken, type Output, screenOutput } from "./output.ts";
import { onProcessEnd } from "./process-end.ts";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export type DeviceEvent =
  | "resize"
  /** Resumed, e.g. by `fg`. The shell has changed the terminal's modes. */
  | "continued"
  /** Another process requests a stop, e.g. with `kill -TSTP`. */
  | "stop"
  | "exit";

export interface TerminalDevice {
  /** Never blocks this or another thread. Writes to a stalled terminal are retried. */
  readonly output: Output;
  size(): Size;
  setRaw(isRaw: boolean): void;
  /**
   * Discards queued output and writes the text immediately. Gives up after `withinMs` if the
   * terminal stalls.
   */
  writeNow(text: string, withinMs: number): void;
  stop(target: "group" | "process"): void;
  on(event: DeviceEvent, handler: () => void): () => void;
  close(): void;
}

const SIZE_DEFAULT: Size = { columns: 80, rows: 24 };
const WRITE_RETRY_MS = 5;

export function openTerminalDevice(input: Input, onBroken: OnBroken): TerminalDevice {
  const fd = openNonBlocking();
  const output = screenOutput(fd, onBroken);
  return {
    output,
    size: sizeNow,
    setRaw: (isRaw) => setRaw(input, isRaw),
    writeNow: (text, withinMs) => {
      output.discard();
      writeNow(fd ?? 1, text, withinMs);
    },
    stop: (target) => stopProcess(target === "group" ? 0 : process.pid),
    on: listen,
    close: () => {
      if (fd !== undefined) closeSync(fd);
    },
  };
}

/**
 * Does nothing on Windows, which has no such signal.
 * @internal
 */
export function stopProcess(
  pid: number,
  { platform, kill }: Pick<NodeJS.Process, "platform" | "kill"> = process,
): void {
  if (platform !== "win32") kill(pid, "SIGTSTP");
}

/**
 * Reopens the terminal in non-blocking mode. Changing the shared descriptor would affect the shell.
 * A thread blocked in a write would hold the terminal's lock, without which its modes cannot be
 * changed.
 */
function openNonBlocking(): number | undefined {
  if (process.platform === "win32") return undefined;
  const path = process.platform === "linux" ? "/proc/self/fd/1" : "/dev/tty";
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined; // The terminal belongs to another user, e.g. after `su`.
  }
}

function setRaw(input: Input, isRaw: boolean): void {
  try {
    input.setRaw(isRaw);
  } catch {}
}

function sizeNow(): Size {
  const [columns, rows] = process.stdout.getWindowSize?.() ?? [0, 0];
  return columns > 0 && rows > 0 ? { columns, rows } : SIZE_DEFAULT;
}

function writeNow(fd: number, text: string, withinMs: number): void {
  let bytes = Buffer.from(text);
  for (let waitedMs = 0; bytes.length > 0; ) {
    try {
      bytes = bytes.subarray(writeSync(fd, bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || waitedMs >= withinMs) return;
      Bun.sleepSync(WRITE_RETRY_MS);
      waitedMs += WRITE_RETRY_MS;
    }
  }
}

function listen(event: DeviceEvent, handler: () => void): () => void {
  if (event === "exit") return onProcessEnd(handler);
  if (event === "resize") {
    process.stdout.on("resize", handler);
    return () => process.stdout.off("resize", handler);
  }
  if (process.platform === "win32") return () => {};
  const signal = event === "continued" ? "SIGCONT" : "SIGTSTP";
  const arrived = () => {
    if (event === "continued") refreshSize();
    handler();
  };
  process.on(signal, arrived);
  return () => process.off(signal, arrived);
}

function refreshSize(): void {
  const stdout = process.stdout as { readonly _refreshSize?: () => void };
  stdout._refreshSize?.();
}
