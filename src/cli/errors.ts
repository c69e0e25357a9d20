/** Faults as text and JSON, and their exit codes. */

import { AssertionFailure } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
import { cleanText, jsonLine } from "../base/text.ts";

/** A thrown value as a fault. Anything that is not a Fault is our own bug: `internal`. */
export function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const what = error instanceof Error ? error.message : String(error);
  const kind = error instanceof AssertionFailure ? "a broken promise" : "an unexpected error";
  return new Fault("internal", `${kind} in chat itself: ${what}`, {
    remedy: "run it again with --debug and report this as a bug",
    cause: error,
  });
}

/** `chat: what went wrong; what to do`, one line whatever the words contain. */
export function errorLine(fault: Fault): string {
  return `${cleanText(`chat: ${fault.message}; ${fault.remedy}`)}\n`;
}

/** What every command prints of a fault under `--json`. */
export function faultJson(fault: Fault) {
  const { code, blame, message, remedy, retryAfterMs } = fault;
  const passing = retryAfterMs === undefined ? {} : { retryAfterMs };
  return { kind: "fault", code, blame, message, remedy, ...passing };
}

/** The last line of standard output under `--json`. */
export function errorJson(fault: Fault): string {
  return jsonLine(faultJson(fault));
}

/** Stack and causes, for `--debug` only. */
export function errorStack(error: unknown): string {
  const lines: string[] = [];
  for (let at = error; at !== undefined && lines.length < 8; at = causeOf(at)) {
    lines.push(at instanceof Error ? (at.stack ?? `${at}`) : String(at));
  }
  return `${lines.map((line) => cleanText(line, { lines: true })).join("\ncaused by: ")}\n`;
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
