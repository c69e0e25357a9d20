/** Log lines on standard error, formatted by consola. */

import { type ConsolaInstance, createConsola } from "consola";
import type { Context } from "./context.ts";
import { wrapWords } from "./word-wrap.ts";

export type Log = Pick<ConsolaInstance, "debug" | "info" | "warn" | "error">;

const LEVEL_INFO = 3;
const LEVEL_DEBUG = 4;

/**
 * All levels go to standard error. The caller sanitises texts from other users with `cleanText`.
 */
export function createLog(context: Pick<Context, "stderr" | "debug" | "color">): Log {
  const { stderr, debug, color } = context;
  const write = (text: string) => {
    stderr.write(wrapWords(stderr, text));
    return true;
  };
  // consola expects a Node stream but uses only these three members.
  const stream = { write, isTTY: stderr.isTerminal, columns: stderr.columns() };
  return createConsola({
    level: debug ? LEVEL_DEBUG : LEVEL_INFO,
    // A throttle of 0 keeps repeated messages. Both streams are set because consola would otherwise
    // send info messages to standard output.
    throttle: 0,
    stdout: stream as unknown as NodeJS.WriteStream,
    stderr: stream as unknown as NodeJS.WriteStream,
    fancy: color && stderr.isTerminal,
    formatOptions: { date: false, colors: color && stderr.isTerminal, compact: true },
  } as Parameters<typeof createConsola>[0]);
}
