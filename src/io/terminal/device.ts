/** The terminal device: size, raw mode, signals. */

import { closeSync, constants, openSync, writeSync } from "node:fs";
import type { Input } from "./input.ts";
import { type OnBroken, type Output, screenOutput } from "./output.ts";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** What the system tells of a terminal, and of a process in front of it. */
export type DeviceEvent =
  /** The window has another size. */
  | "resize"
  /** `fg`: the shell has set the terminal as it likes. */
  | "continued"
  /** Asked to stop from outside, as by `kill -TSTP`. */
  | "stop"
  /** The process ends, with an error or without: only what is done at once is done. */
  | "exit";

/** The terminal in front of the user: one whole screen, and not a stream of lines. */
export interface TerminalDevice {
  /** Never blocks, not even a thread: a terminal that takes nothing is asked again. */
  readonly output: Output;
  size(): Size;
  /** Whether each key arrives as it is pressed, without echo and without signals. */
  setRaw(isRaw: boolean): void;
  /** At once, in place of what is queued; given up when the terminal takes nothing for so long. */
  writeNow(text: string, withinMs: number): void;
  /** All that runs in this terminal for one command line, or this process alone. */
  stop(what: "group" | "process"): void;
  /** @returns what removes the handler */
  on(event: DeviceEvent, handler: () => void): () => void;
  close(): void;
}

const SIZE_DEFAULT: Size = { columns: 80, rows: 24 };
const ASKED_AGAIN_MS = 5;

/** @param onBroken as for standard output */
export function openTerminalDevice(input: Input, onBroken: OnBroken): TerminalDevice {
  const fd = openAgain();
  const output = screenOutput(fd, onBroken);
  return {
    output,
    size: sizeNow,
    setRaw: (isRaw) => setRaw(input, isRaw),
    writeNow: (text, withinMs) => {
      output.discard();
      writeNow(fd ?? 1, text, withinMs);
    },
    stop: (what) => process.kill(what === "group" ? 0 : process.pid, "SIGTSTP"),
    on: listen,
    close: () => {
      if (fd !== undefined) closeSync(fd);
    },
  };
}

/**
 * The terminal of standard output, without blocking. The descriptor of standard output is shared
 * with the shell, which is not to find it changed. A thread that waits in a write would besides
 * hold the terminal's lock: until the terminal takes more, nobody can set its modes.
 */
function openAgain(): number | undefined {
  if (process.platform === "win32") return undefined;
  const path = process.platform === "linux" ? "/proc/self/fd/1" : "/dev/tty";
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined; // Opened by another user, as behind `su`.
  }
}

/** A terminal whose window was closed has no modes any more. */
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
      Bun.sleepSync(ASKED_AGAIN_MS);
      waitedMs += ASKED_AGAIN_MS;
    }
  }
}

function listen(event: DeviceEvent, handler: () => void): () => void {
  if (event === "exit") return listenForEnd(handler);
  if (event === "resize") {
    // Its own handler has asked for the new size by then; one of the signal might come before it.
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

/** Of another size the system tells those alone who are in front of the terminal at that time. */
function refreshSize(): void {
  const stdout = process.stdout as { readonly _refreshSize?: () => void };
  stdout._refreshSize?.();
}

/** Before the error is reported: on a screen that goes away nobody would read it. */
function listenForEnd(handler: () => void): () => void {
  const errors = ["uncaughtException", "unhandledRejection"] as const;
  process.on("exit", handler);
  for (const error of errors) process.prependListener(error, handler);
  return () => {
    process.off("exit", handler);
    for (const error of errors) process.off(error, handler);
  };
}
