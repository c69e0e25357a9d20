/** Every end of the process that its own code can notice. */

import { AssertionFailure } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";

/**
 * Signals that end the process and have no other handler. The runtime uses SIGPWR itself. After a
 * SIGSEGV, SIGBUS, SIGFPE or SIGILL of its own, a handler would run into the same fault again.
 */
const ENDING_SIGNALS = [
  ...(["SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGXCPU"] as const),
  ...(["SIGSYS", "SIGTRAP", "SIGIO", "SIGABRT"] as const),
] satisfies readonly NodeJS.Signals[];

/** The user must decide about these before the program may continue. */
const ALARM = /^(?:log|fingerprint)-/;

/**
 * Reports whether an error ends only the task in which it was thrown. Data of others cause such
 * errors. A broken invariant, an alarm, and faults of this machine end the program.
 */
export function endsOnlyTask(error: unknown): boolean {
  if (error instanceof AssertionFailure) return false;
  return !(error instanceof Fault) || (error.blame === "peer" && !ALARM.test(error.code));
}

/**
 * Calls the handler, which must be synchronous, before the process exits or is ended by a signal.
 * @returns removes the handler
 */
export function onProcessEnd(handler: () => void): () => void {
  const ended = (signal: NodeJS.Signals) => {
    handler();
    remove();
    // The last handler lets the signal end the process.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  const rejected = (error: unknown) => {
    if (!endsOnlyTask(error)) handler();
  };
  const signals = process.platform === "win32" ? [] : ENDING_SIGNALS;
  const remove = () => {
    process.off("exit", handler);
    process.off("uncaughtException", handler);
    process.off("unhandledRejection", rejected);
    for (const signal of signals) process.off(signal, ended);
  };
  process.on("exit", handler);
  process.prependListener("uncaughtException", handler);
  process.prependListener("unhandledRejection", rejected);
  for (const signal of signals) process.on(signal, ended);
  return remove;
}
