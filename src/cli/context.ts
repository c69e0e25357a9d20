/** Process environment of a command: streams, clock, signals and global flags. */

import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import { Fault, type FaultDetail } from "../base/fault.ts";
import { cleanText } from "../base/text.ts";
import { dateOf, type OffsetMinutes } from "../base/time.ts";
import { type Clock, systemClock } from "../io/clock.ts";
import { ignoresHangup } from "../io/terminal/hangup.ts";
import { type Input, standardInput } from "../io/terminal/input.ts";
import {
  type OnBroken,
  type Output,
  standardError,
  standardOutput,
} from "../io/terminal/output.ts";
import { openTerminal, type Terminal } from "../io/terminal/terminal.ts";
import { type Environment, loadSettings, type Settings } from "./settings.ts";
import { wrapWords } from "./word-wrap.ts";

export type Signal = "SIGINT" | "SIGTERM";

export interface ProcessIo {
  /** Output for the data of the command. */
  readonly stdout: Output;
  /** Output for messages to the user. */
  readonly stderr: Output;
  readonly stdin: Input;
  readonly env: Environment;
  readonly clock: Clock;
  readonly offsetMinutes: OffsetMinutes;
  /**
   * Registers a handler for all signals. Without a handler, a signal ends the program.
   * @returns function that removes the handler
   */
  onSignal(handler: (signal: Signal) => void): () => void;
  /** Lets the command continue after standard output fails. */
  continueWithoutOutput(): void;
}

/** Environment of a command. Tests pass their own. */
export interface Context extends ProcessIo {
  /** Terminal for prompts; `undefined` if no user can answer. */
  readonly terminal: Terminal | undefined;
  /** Whether standard output is NDJSON, as `--json` requests. */
  readonly json: boolean;
  /** Whether standard output may contain colours. */
  readonly color: boolean;
  readonly debug: boolean;
  /**
   * Returns the folders and config.toml, which are read at the first call.
   * @throws {Fault} usage
   */
  settings(): Settings;
}

/**
 * @param onBroken called if standard output is closed by its reader; a broken standard error is
 * ignored
 */
export function processIo(onBroken: OnBroken): ProcessIo {
  let continuesWithoutOutput = false;
  const stderr = standardError(() => {});
  return {
    stdout: standardOutput((fault) => {
      if (!continuesWithoutOutput) onBroken(fault);
      else if (fault !== undefined)
        printNotice({ stderr }, `${fault.message}; continuing without it`);
    }),
    stderr,
    stdin: standardInput(),
    env: process.env,
    clock: systemClock(),
    offsetMinutes: (unixMs) => -dateOf(unixMs).getTimezoneOffset(),
    onSignal: signalHandlers(),
    continueWithoutOutput: () => {
      continuesWithoutOutput = true;
    },
  };
}

export function createContext(
  io: ProcessIo,
  globals: Pick<Context, "json" | "color" | "debug">,
): Context {
  let settings: Settings | undefined;
  // The full screen and the QR codes read only the environment, so `--no-color` sets NO_COLOR.
  const env = globals.color ? io.env : { ...io.env, NO_COLOR: "1" };
  return {
    ...io,
    ...globals,
    env,
    color: mayColor({ ...io, env }),
    terminal: openTerminal(io.stdin, io.stderr),
    settings: () => {
      settings ??= printWarnings(loadSettings(io.env), io.stderr);
      return settings;
    },
  };
}

/**
 * Prints one line for users. The message is sanitised, because it may contain names and texts of
 * other users.
 */
export function printNotice(context: Pick<Context, "stderr">, message: string): void {
  context.stderr.write(wrapWords(context.stderr, `chat: ${cleanText(message)}\n`));
}

/** Returns a fault's message and remedy in one line. */
export function faultLine(fault: Fault): string {
  return `${fault.message}; ${fault.remedy}`;
}

/**
 * Reports whether standard error may be redrawn: it must be a terminal, and no screen reader may
 * read it.
 */
export function mayRedraw({ stderr, env }: Pick<ProcessIo, "stderr" | "env">): boolean {
  return stderr.isTerminal && env["TERM"] !== "dumb";
}

function mayColor({ stdout, env }: ProcessIo): boolean {
  return stdout.isTerminal && !env["NO_COLOR"] && env["TERM"] !== "dumb";
}

function printWarnings(settings: Settings, stderr: Output): Settings {
  for (const warning of settings.warnings) printNotice({ stderr }, warning);
  return settings;
}

/**
 * Runs `work` until it ends or a signal interrupts it.
 * @throws {Fault} interrupted
 */
export async function runInterruptible<Result>(
  { onSignal }: Pick<Context, "onSignal">,
  work: () => Promise<Result>,
  detail: FaultDetail = {},
): Promise<Result> {
  const interrupted = Promise.withResolvers<never>();
  const release = onSignal(() =>
    interrupted.reject(new Fault("interrupted", "interrupted", detail)),
  );
  try {
    return await Promise.race([work(), interrupted.promise]);
  } finally {
    release();
  }
}

/** Moves the shell's prompt to a new line, because the terminal has printed ^C. */
export function endSignalLine({ stderr }: Pick<Context, "stderr">, signal: Signal): void {
  if (signal === "SIGINT" && stderr.isTerminal) stderr.write("\n");
}

/** Exits as if the signal had ended the program, after moving the shell's prompt to a new line. */
function exitBySignal(signal: Signal): never {
  if (signal === "SIGINT" && isatty(2)) writeSync(2, "\n");
  process.exit(signal === "SIGINT" ? 130 : 143);
}

/**
 * Creates `onSignal`. Only the handler registered last receives a signal. A second SIGINT ends the
 * program immediately.
 */
function signalHandlers(): ProcessIo["onSignal"] {
  const handlers: ((signal: Signal) => void)[] = [];
  let interrupts = 0;
  const handleSignal = (signal: Signal) => {
    const handler = handlers.at(-1);
    if (signal === "SIGINT") interrupts++;
    if (handler === undefined || interrupts > 1) exitBySignal(signal);
    handler(signal);
  };
  process.on("SIGINT", handleSignal);
  process.on("SIGTERM", handleSignal);
  // The program ends when its terminal window is closed, unless it was started with nohup.
  if (process.platform !== "win32" && !ignoresHangup()) {
    process.on("SIGHUP", () => handleSignal("SIGTERM"));
  }
  return (handler) => {
    handlers.push(handler);
    return () => {
      const index = handlers.indexOf(handler);
      if (index >= 0) handlers.splice(index, 1);
    };
  };
}
