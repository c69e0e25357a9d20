/** Data channels: second links that carry files, and their retries. */

import { Fault, type FaultCode } from "../../base/fault.ts";
import { RECONNECT_MAX_MS, RECONNECT_PENDING_MAX_MS } from "../../base/limits.ts";
import { Backoff } from "../../core/backoff.ts";
import type { Clock } from "../../io/clock.ts";
import type { Entropy } from "../../io/entropy.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import { unlessAborted } from "../link/abort.ts";
import type { ActiveLink, LoggedInLink } from "../link/active-link.ts";
import { Connection } from "../link/connection.ts";
import { noMajority } from "../link/retry.ts";
import { unlessStalled } from "../link/stalled.ts";

export interface DataChannelOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly activeLink: ActiveLink;
  /** A transfer without progress fails while this returns false; if absent, it waits. */
  readonly hasMajority?: () => boolean;
  /** Greets on a new link. @throws {Fault} fingerprint-changed, and the link's */
  readonly greet: (connection: Connection) => Promise<{ readonly fingerprint: Fingerprint }>;
}

/** Retried on another channel, as is every refusal with a retry delay. */
const PASSING: ReadonlySet<FaultCode> = new Set([
  "unreachable",
  "timeout",
  "link-closed",
  "shutting-down",
  "log-conflict",
]);

/**
 * Without a majority a file that lies on this server still arrives: its next chunk comes within
 * this time.
 */
const STALLED_MS = 3_000;

/** A transfer that runs over one data channel after another until it is complete. */
export interface Route<Result> {
  /** Aborted with the fault that ends the transfer. */
  readonly stop: AbortSignal;
  /**
   * Runs the transfer over one channel, and settles soon after that closes. Its fault decides
   * whether another channel is opened. `again`: open another one immediately.
   */
  along(connection: Connection, active: LoggedInLink): Promise<Result | "again">;
  /** A count that grows with progress: a channel that made some resets the backoff. */
  moved(): number;
  /** There is no channel at the moment: the link is lost, or the backoff runs. */
  held(): void;
}

/** @throws {Fault} the first that is not retryable; the reason of `stop`; no-majority */
export async function overDataChannels<Result>(
  options: DataChannelOptions,
  route: Route<Result>,
): Promise<Result> {
  const { clock, hasMajority } = options;
  if (hasMajority === undefined) return untilThrough(options, route);
  const faultOf = (stillMs: number) =>
    !hasMajority() && stillMs >= STALLED_MS ? noMajority() : undefined;
  return unlessStalled(clock, untilThrough(options, route), () => route.moved(), faultOf);
}

async function untilThrough<Result>(
  options: DataChannelOptions,
  route: Route<Result>,
): Promise<Result> {
  const backoff = new Backoff();
  for (;;) {
    const before = route.moved();
    try {
      const result = await overOneChannel(options, route);
      if (result !== "again") return result;
    } catch (error) {
      if (route.stop.aborted) throw route.stop.reason;
      if (!(error instanceof Fault) || !isPassing(error)) throw error;
      if (route.moved() > before) backoff.reset();
      await pause(options, route, error, backoff);
    }
  }
}

async function overOneChannel<Result>(
  options: DataChannelOptions,
  route: Route<Result>,
): Promise<Result | "again"> {
  const { stop } = route;
  const active = await options.activeLink.next(stop);
  const ends = AbortSignal.any([stop, active.lostSignal]);
  const connection = await openChannel(active, options, ends);
  const leave = () => connection.close();
  ends.addEventListener("abort", leave, { once: true });
  if (ends.aborted) leave(); // Aborted while the channel was being opened.
  try {
    return await route.along(connection, active);
  } finally {
    ends.removeEventListener("abort", leave);
    connection.close();
  }
}

function isPassing({ code, retryAfterMs }: Fault): boolean {
  return retryAfterMs !== undefined || PASSING.has(code);
}

function pause<Result>(
  { clock, entropy }: DataChannelOptions,
  route: Route<Result>,
  { retryAfterMs }: Fault,
  backoff: Backoff,
): Promise<void> {
  route.held();
  const [chance = 0] = entropy(1);
  const askedMs = Math.min(retryAfterMs ?? 0, RECONNECT_MAX_MS);
  const waitMs = Math.max(backoff.next(chance / 256, RECONNECT_PENDING_MAX_MS), askedMs);
  let cancel = () => {};
  const waited = new Promise<void>((resolve) => {
    cancel = clock.after(waitMs, resolve);
  });
  return unlessAborted(route.stop, waited).finally(() => cancel());
}

/**
 * Opens a second link to the same server, bound to the account's session on the first.
 * @throws {Fault} fingerprint-changed if another server answers; the link's; if the server refuses
 */
async function openChannel(
  active: LoggedInLink,
  options: DataChannelOptions,
  ends: AbortSignal,
): Promise<Connection> {
  const { ticket } = await unlessAborted(ends, active.connection.request("ticket", {}));
  const opening = active.connection.link
    .openChannel()
    .then((link) => new Connection(link, options.clock)); // In the same tick: no message is missed.
  const connection = await unlessAborted(ends, opening).catch((error: unknown) => {
    opening.then((late) => late.close()).catch(() => {});
    throw error;
  });
  try {
    await unlessAborted(ends, enter(connection, active, options, ticket));
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function enter(
  connection: Connection,
  active: LoggedInLink,
  options: DataChannelOptions,
  ticket: string,
): Promise<void> {
  const { fingerprint } = await options.greet(connection);
  if (fingerprint !== active.fingerprint) {
    throw new Fault("fingerprint-changed", "another server answers where files are to go", {
      remedy: "an attacker may be in between; ask the server's owner",
    });
  }
  await connection.request("lane", { ticket }).catch((error: unknown) => {
    if (!(error instanceof Fault) || error.code !== "login-refused") throw error;
    // The ticket has expired, or the server has restarted: the next attempt gets another one.
    throw new Fault("link-closed", error.message, { cause: error });
  });
}
