/** Process environment of a command: streams, clock, signals and global flags. */

import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import { Fault, type FaultDetail } from "../base/fault.ts";
import { SILENCE_MS_MAX } from "../base/limits.ts";
import { cleanText, quoteText } from "../base/text.ts";
import { dateOf, type OffsetMinutes } from "../base/time.ts";
import { type Clock, systemClock } from "../io/clock.ts";
import { areArgumentsUtf8 } from "../io/terminal/arguments.ts";
import { hangupSignals, ignoresHangup } from "../io/terminal/hangup.ts";
import { type Input, standardInput } from "../io/terminal/input.ts";
import {
  type OnBroken,
  type Output,
  standardError,
  standardOutput,
} from "../io/terminal/output.ts";
import { openTerminal, type Terminal } from "../io/terminal/terminal.ts";
import { isAppendOnly } from "../io/terminal/terminal-type.ts";
import { knownZone } from "../io/time-zone.ts";
import { guardedOutput } from "./guarded-output.ts";
import { type Environment, loadSettings, type Settings } from "./settings.ts";
import { wrapWords } from "./word-wrap.ts";

export type Signal = "SIGINT" | "SIGTERM";

export interface ProcessIo {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: Input;
  readonly env: Environment;
  readonly clock: Clock;
  readonly offsetMinutes: OffsetMinutes;
  /** False if bytes of the command line were lost when it was decoded. */
  readonly areArgumentsUtf8: () => boolean;
  /**
   * Registers a handler for all signals. Without a handler, a signal ends the program.
   * @returns function that removes the handler
   */
  onSignal(handler: (signal: Signal) => void): () => void;
  /** @param onBroken called if standard output is closed by its reader, or fails */
  continueWithoutOutput(onBroken?: () => void): void;
}

export interface Context extends ProcessIo {
  /** Cleaned if it is a terminal. */
  readonly stdout: Output;
  /** Standard output itself, for an editor that moves the cursor and cleans what it prints. */
  readonly rawStdout: Output;
  readonly terminal: Terminal | undefined;
  readonly json: boolean;
  readonly color: boolean;
  readonly debug: boolean;
  /**
   * Reads the folders and config.toml on the first call.
   * @throws {Fault} usage
   */
  settings(): Settings;
}

/** @param onBroken called if standard output is closed by its reader */
export function processIo(onBroken: OnBroken): ProcessIo {
  let onLost: (() => void) | undefined;
  const stderr = standardError(() => {});
  const clock = systemClock();
  const env = setTimeZone(clock, (warning) => printNotice({ stderr }, warning));
  return {
    stdout: standardOutput((fault) => {
      if (onLost === undefined) return onBroken(fault);
      onLost();
      if (fault === undefined) return;
      const until = fault.code === "store-full" ? " until there is space" : "";
      printNotice({ stderr }, `${fault.message}; continuing without it${until}`);
    }),
    stderr,
    stdin: standardInput(),
    env,
    clock,
    offsetMinutes: (unixMs) => -dateOf(unixMs).getTimezoneOffset(),
    areArgumentsUtf8,
    onSignal: signalHandlers(),
    continueWithoutOutput: (callback = () => {}) => {
      onLost = callback;
    },
  };
}

/**
 * Sets a TZ that the runtime knows.
 * @returns the environment as the user has set it, which other programs get
 */
function setTimeZone(clock: Clock, warn: (text: string) => void): Environment {
  const { env, platform } = process;
  const tz = env["TZ"];
  if (tz === undefined || tz === "" || platform === "win32") return env;
  const zone = knownZone(tz, clock.unixMs());
  if (zone === tz) return env;
  const given = { ...env };
  if (zone !== undefined) env["TZ"] = zone;
  else {
    const example = "use a name such as Asia/Jakarta, or WIB-7";
    warn(`TZ=${quoteText(tz)} is not a known time zone; times are in UTC; ${example}`);
  }
  return given;
}

export function createContext(
  io: ProcessIo,
  globals: Pick<Context, "json" | "color" | "debug">,
): Context {
  let settings: Settings | undefined;
  // The full-screen client and QR codes read only the environment, so `--no-color` sets NO_COLOR.
  const env = globals.color ? io.env : { ...io.env, NO_COLOR: "1" };
  return {
    ...io,
    ...globals,
    stdout: guardedOutput(io.stdout),
    rawStdout: io.stdout,
    env,
    color: mayColor({ ...io, env }),
    terminal: openTerminal(io.stdin, io.stderr),
    settings: () => {
      settings ??= printWarnings(loadSettings(io.env), io.stderr);
      return settings;
    },
  };
}

/** Prints a sanitised line. The message may contain names and texts from other users. */
export function printNotice(context: Pick<Context, "stderr">, message: string): void {
  context.stderr.write(noticeLine(context.stderr, message));
}

export function noticeLine(stderr: Output, message: string): string {
  return wrapWords(stderr, `chat: ${cleanText(message)}\n`);
}

/** Prints a line on a terminal, once, if a wait lasts longer than SILENCE_MS_MAX. */
export class WaitNotice implements Disposable {
  #isShown = false;
  #cancel = () => {};

  constructor(
    private readonly context: Pick<Context, "stderr" | "clock">,
    private readonly text: string,
  ) {}

  start(): this {
    this.#cancel();
    this.#cancel = this.context.clock.after(SILENCE_MS_MAX, () => this.show());
    return this;
  }

  stop(): void {
    this.#cancel();
  }

  show(): void {
    if (this.#isShown || !this.context.stderr.isTerminal) return;
    this.#isShown = true;
    printNotice(this.context, this.text);
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}

export function faultLine(fault: Fault): string {
  return `${fault.message}; ${fault.remedy}`;
}

/** Reports whether standard error may be redrawn. A screen reader would read each redraw aloud. */
export function mayRedraw({ stderr, env }: Pick<ProcessIo, "stderr" | "env">): boolean {
  return stderr.isTerminal && !isAppendOnly(env);
}

function mayColor({ stdout, env }: ProcessIo): boolean {
  return stdout.isTerminal && !env["NO_COLOR"] && !isAppendOnly(env);
}

function printWarnings(settings: Settings, stderr: Output): Settings {
  for (const warning of settings.warnings) printNotice({ stderr }, warning);
  return settings;
}

/** @throws {Fault} interrupted if a signal arrives before `work` ends */
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

export function endSignalLine({ stderr }: Pick<Context, "stderr">, signal: Signal): void {
  if (signal === "SIGINT" && stderr.isTerminal) stderr.write("\n");
}

function exitBySignal(signal: Signal): never {
  if (signal === "SIGINT" && isatty(2)) writeSync(2, "\n");
  process.exit(signal === "SIGINT" ? 130 : 143);
}

/** Only the handler registered last receives a signal. A second SIGINT ends the program. */
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
  const hangups = hangupSignals(process.platform, ignoresHangup());
  for (const signal of hangups) process.on(signal, () => handleSignal("SIGTERM"));
  return (handler) => {
    handlers.push(handler);
    return () => {
      const index = handlers.indexOf(handler);
      if (index >= 0) handlers.splice(index, 1);
    };
  };
}
