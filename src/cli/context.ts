/** The process environment of a command: streams, clock, signals, flags. */

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

/** The process: its streams and signals. */
export interface ProcessIo {
  /** Data only. */
  readonly stdout: Output;
  /** For users. */
  readonly stderr: Output;
  readonly stdin: Input;
  readonly env: Environment;
  readonly clock: Clock;
  readonly offsetMinutes: OffsetMinutes;
  /**
   * The handler receives all signals from here on. Without one they end the program.
   * @returns function that removes it
   */
  onSignal(handler: (signal: Signal) => void): () => void;
  /** From here on the command continues if its standard output cannot be written. */
  continueWithoutOutput(): void;
}

/** Everything that a command uses of its environment. Tests pass their own. */
export interface Context extends ProcessIo {
  /** Set only when a user can be asked. */
  readonly terminal: Terminal | undefined;
  /** `--json`: standard output is NDJSON. */
  readonly json: boolean;
  /** Whether standard output may carry colours. */
  readonly color: boolean;
  readonly debug: boolean;
  /** Folders and config.toml, read at the first call. @throws Fault usage */
  settings(): Settings;
}

/** @param onBroken standard output is closed; a broken standard error is ignored */
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

/** @param globals values of the global flags */
export function createContext(
  world: ProcessIo,
  globals: Pick<Context, "json" | "color" | "debug">,
): Context {
  let settings: Settings | undefined;
  // The full screen and QR codes read only the environment.
  const env = globals.color ? world.env : { ...world.env, NO_COLOR: "1" };
  return {
    ...world,
    ...globals,
    env,
    color: mayColor({ ...world, env }),
    terminal: openTerminal(world.stdin, world.stderr),
    settings: () => {
      settings ??= printWarnings(loadSettings(world.env), world.stderr);
      return settings;
    },
  };
}

/** Prints one line for users; names and texts of other users in it are cleaned. */
export function printNotice(context: Pick<Context, "stderr">, message: string): void {
  context.stderr.write(wrapWords(context.stderr, `chat: ${cleanText(message)}\n`));
}

/** A line with a fault's message and remedy. */
export function faultLine(fault: Fault): string {
  return `${fault.message}; ${fault.remedy}`;
}

/** Whether standard error may be redrawn: neither a file nor a screen reader's output. */
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

/** Runs work until it ends, or a signal interrupts it. @throws Fault interrupted */
export async function interruptible<Result>(
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

/** Puts the shell's prompt on a line of its own: the terminal has printed ^C. */
export function endSignalLine({ stderr }: Pick<Context, "stderr">, signal: Signal): void {
  if (signal === "SIGINT" && stderr.isTerminal) stderr.write("\n");
}

/** The terminal has printed ^C: the shell's prompt belongs on the next line. */
function exitBySignal(signal: Signal): never {
  if (signal === "SIGINT" && isatty(2)) writeSync(2, "\n");
  process.exit(signal === "SIGINT" ? 130 : 143);
}

/**
 * The newest handler receives a signal; a second SIGINT while it runs ends the program immediately.
 */
function signalHandlers(): ProcessIo["onSignal"] {
  const handlers: ((signal: Signal) => void)[] = [];
  let interrupts = 0;
  const arrived = (signal: Signal) => {
    const handler = handlers.at(-1);
    if (signal === "SIGINT") interrupts++;
    if (handler === undefined || interrupts > 1) exitBySignal(signal);
    handler(signal);
  };
  process.on("SIGINT", arrived);
  process.on("SIGTERM", arrived);
  // Closing the terminal's window is a request to end, unless nohup forbids it.
  if (process.platform !== "win32" && !ignoresHangup()) {
    process.on("SIGHUP", () => arrived("SIGTERM"));
  }
  return (handler) => {
    handlers.push(handler);
    return () => {
      const at = handlers.indexOf(handler);
      if (at >= 0) handlers.splice(at, 1);
    };
  };
}
