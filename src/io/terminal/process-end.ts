/** Every end of the process that its own code can notice. */

/**
 * Signals that end the process and have no other handler. The runtime uses SIGPWR itself. After a
 * SIGSEGV, SIGBUS, SIGFPE or SIGILL of its own, a handler would run into the same fault again.
 */
const ENDING_SIGNALS = [
  ...(["SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGXCPU"] as const),
  ...(["SIGSYS", "SIGTRAP", "SIGIO", "SIGABRT"] as const),
] satisfies readonly NodeJS.Signals[];

const ERRORS = ["uncaughtException", "unhandledRejection"] as const;

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
  const signals = process.platform === "win32" ? [] : ENDING_SIGNALS;
  const remove = () => {
    process.off("exit", handler);
    for (const error of ERRORS) process.off(error, handler);
    for (const signal of signals) process.off(signal, ended);
  };
  process.on("exit", handler);
  for (const error of ERRORS) process.prependListener(error, handler);
  for (const signal of signals) process.on(signal, ended);
  return remove;
}
