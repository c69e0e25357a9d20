/** Data channels: additional links that carry files, with retries. */

import { Fault, type FaultCode } from "../../base/fault.ts";
import { RECONNECT_MAX_MS, RECONNECT_PENDING_MAX_MS } from "../../base/limits.ts";
import { Backoff } from "../../core/backoff.ts";
import { markHandled } from "../../io/promises.ts";
import { unlessAborted } from "../link/abort.ts";
import type { ActiveLink, LoggedInLink } from "../link/active-link.ts";
import { Connection } from "../link/connection.ts";
import { type GreetOptions, greet, Hello } from "../link/greeting.ts";
import { unlessStalled } from "../link/stalled.ts";

export interface DataChannelOptions extends GreetOptions {
  readonly activeLink: ActiveLink;
  /**
   * While there is a fault, a stalled transfer fails. If this function is absent, the transfer
   * waits.
   */
  readonly majorityFault?: () => Fault | undefined;
}

const TRANSIENT_CODES: ReadonlySet<FaultCode> = new Set([
  "unreachable",
  "timeout",
  "link-closed",
  "shutting-down",
  "log-conflict",
]);

/**
 * Time without progress after which a transfer has stalled. Even a server without a majority sends
 * a chunk of a stored file within this time.
 */
const STALL_TIMEOUT_MS = 3_000;
/** A cluster that stores no files for longer than an election refuses them. */
const REFUSED_TIMEOUT_MS = 15_000;

export interface ChannelTask<Result> {
  readonly stop: AbortSignal;
  /**
   * Saves the round trips of a data channel. Called before the first one is opened; returns
   * `undefined` if the task needs it.
   */
  runOnMainLink?(active: LoggedInLink): Promise<Result | undefined>;
  /**
   * Settles soon after the channel closes. After a rejection, the fault decides whether another
   * channel is opened; `reopen` opens one immediately.
   */
  runOver(connection: Connection, active: LoggedInLink): Promise<Result | "reopen">;
  progressCount(): number;
  channelLost(): void;
}

/** @throws {Fault} the first permanent fault, the reason of `stop`, or no-majority */
export async function runOverChannels<Result>(
  options: DataChannelOptions,
  task: ChannelTask<Result>,
): Promise<Result> {
  const { clock, majorityFault } = options;
  let refusal: Fault | undefined;
  const running = runUntilDone(options, task, (fault) => {
    refusal = fault.code === "no-majority" ? fault : undefined;
  });
  if (majorityFault === undefined) return running;
  const faultOf = (stalledMs: number) =>
    (stalledMs >= STALL_TIMEOUT_MS ? majorityFault() : undefined) ??
    (stalledMs >= REFUSED_TIMEOUT_MS ? refusal : undefined);
  return unlessStalled(clock, running, () => task.progressCount(), faultOf);
}

async function runUntilDone<Result>(
  options: DataChannelOptions,
  task: ChannelTask<Result>,
  onRetry: (fault: Fault) => void,
): Promise<Result> {
  const backoff = new Backoff();
  for (;;) {
    const progressBefore = task.progressCount();
    try {
      const result = await runOverOneChannel(options, task);
      if (result !== "reopen") return result;
    } catch (error) {
      if (task.stop.aborted) throw task.stop.reason;
      if (!(error instanceof Fault) || !isTransient(error)) throw error;
      if (task.progressCount() > progressBefore) backoff.reset();
      onRetry(error);
      await waitBeforeRetry(options, task, error, backoff);
    }
  }
}

async function runOverOneChannel<Result>(
  options: DataChannelOptions,
  task: ChannelTask<Result>,
): Promise<Result | "reopen"> {
  const { stop } = task;
  const active = await options.activeLink.next(stop);
  const signal = AbortSignal.any([stop, active.lostSignal]);
  const withoutChannel = task.runOnMainLink?.(active);
  const result = withoutChannel && (await unlessAborted(signal, withoutChannel));
  if (result !== undefined) return result;
  const { connection, bound } = await openChannel(active, options, signal);
  const closeChannel = () => connection.close();
  signal.addEventListener("abort", closeChannel, { once: true });
  if (signal.aborted) closeChannel();
  try {
    return await task.runOver(connection, active);
  } catch (error) {
    await bound; // If it failed, the server has refused everything else.
    throw error;
  } finally {
    signal.removeEventListener("abort", closeChannel);
    connection.close();
  }
}

function isTransient({ code, retryAfterMs }: Fault): boolean {
  return retryAfterMs !== undefined || TRANSIENT_CODES.has(code);
}

function waitBeforeRetry<Result>(
  { clock, entropy }: DataChannelOptions,
  task: ChannelTask<Result>,
  { retryAfterMs }: Fault,
  backoff: Backoff,
): Promise<void> {
  task.channelLost();
  const [random = 0] = entropy(1);
  const serverDelayMs = Math.min(retryAfterMs ?? 0, RECONNECT_MAX_MS);
  const delayMs = Math.max(backoff.next(random / 256, RECONNECT_PENDING_MAX_MS), serverDelayMs);
  let cancel = () => {};
  const delayed = new Promise<void>((resolve) => {
    cancel = clock.after(delayMs, resolve);
  });
  return unlessAborted(task.stop, delayed).finally(() => cancel());
}

interface OpenChannel {
  readonly connection: Connection;
  /** Settles with the server's answer, behind which the first request of the task already waits. */
  readonly bound: Promise<unknown>;
}

/** Opens a second link to the same server, bound to the account's session on the first link. */
async function openChannel(
  active: LoggedInLink,
  options: DataChannelOptions,
  signal: AbortSignal,
): Promise<OpenChannel> {
  const requested = active.connection.request("ticket", {});
  const hello = new Hello(options);
  const opening = active.connection.link
    .openChannel(hello.bytes)
    // Create the connection in the same tick as the link, so that no message is missed.
    .then((link) => new Connection(link, options.clock));
  const both = Promise.all([requested, opening]);
  const [{ ticket }, connection] = await unlessAborted(signal, both).catch((error: unknown) => {
    markHandled(opening.then((connection) => connection.close()));
    throw error;
  });
  try {
    await unlessAborted(signal, checkServer(connection, hello, active, options));
    const bound = bindChannel(connection, ticket);
    markHandled(bound);
    return { connection, bound };
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function checkServer(
  connection: Connection,
  hello: Hello,
  active: LoggedInLink,
  options: DataChannelOptions,
): Promise<void> {
  const { fingerprint } = await greet(connection, options, hello);
  if (fingerprint !== active.fingerprint) {
    throw new Fault("fingerprint-changed", "another server answered on the data channel", {
      remedy: "someone may be intercepting the connection; ask the server's owner",
    });
  }
}

function bindChannel(connection: Connection, ticket: string): Promise<unknown> {
  return connection.request("lane", { ticket }).catch((error: unknown) => {
    if (!(error instanceof Fault) || error.code !== "login-refused") throw error;
    throw new Fault("link-closed", error.message, { cause: error });
  });
}
