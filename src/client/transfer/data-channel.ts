import { Fault, type FaultCode } from "../../base/fault.ts";
import { RECONNECT_AWAITED_MAX_MS, RECONNECT_MAX_MS } from "../../base/limits.ts";
import { Backoff } from "../../core/backoff.ts";
import type { Clock } from "../../io/clock.ts";
import type { Entropy } from "../../io/entropy.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import { unlessAborted } from "../link/abort.ts";
import type { ActiveLink, LoggedInLink } from "../link/active-link.ts";
import { Connection } from "../link/connection.ts";

export interface DataChannelOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly activeLink: ActiveLink;
  /** Says hello on a fresh link. @throws Fault fingerprint-changed, and whatever ended the link */
  readonly greet: (connection: Connection) => Promise<{ readonly fingerprint: Fingerprint }>;
}

/** Another lane may get through; what else is refused with a time is asked again, too. */
const PASSING: ReadonlySet<FaultCode> = new Set([
  "unreachable",
  "timeout",
  "link-closed",
  "shutting-down",
  "log-conflict",
]);

/** One transfer's way to the server: lane after lane, until it is through. */
export interface Route<Result> {
  /** Its reason is the fault with which the transfer ends. */
  readonly stop: AbortSignal;
  /**
   * What one lane carries of it; ends soon after the lane, and its fault decides whether there is
   * another. `again`: another one at once.
   */
  along(lane: Connection, stand: LoggedInLink): Promise<Result | "again">;
  /** How far it is: a lane that brought it on makes the next trouble a new one. */
  moved(): number;
  /** There is no lane for now: the link is away, or the server wants to be left alone. */
  held(): void;
}

/** @throws Fault the first that does not pass by itself; the stop's reason */
export async function overDataChannels<Result>(
  parts: DataChannelOptions,
  route: Route<Result>,
): Promise<Result> {
  const backoff = new Backoff();
  for (;;) {
    const before = route.moved();
    try {
      const result = await overOneChannel(parts, route);
      if (result !== "again") return result;
    } catch (error) {
      if (route.stop.aborted) throw route.stop.reason;
      if (!(error instanceof Fault) || !isPassing(error)) throw error;
      if (route.moved() > before) backoff.reset();
      await pause(parts, route, error, backoff);
    }
  }
}

async function overOneChannel<Result>(
  parts: DataChannelOptions,
  route: Route<Result>,
): Promise<Result | "again"> {
  const { stop } = route;
  const stand = await parts.activeLink.next(stop);
  const ends = AbortSignal.any([stop, stand.gone]);
  const lane = await openChannel(stand, parts, ends);
  const leave = () => lane.close();
  ends.addEventListener("abort", leave, { once: true });
  if (ends.aborted) leave(); // In the very moment in which it was opened.
  try {
    return await route.along(lane, stand);
  } finally {
    ends.removeEventListener("abort", leave);
    lane.close();
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
  const waitMs = Math.max(backoff.next(chance / 256, RECONNECT_AWAITED_MAX_MS), askedMs);
  let cancel = () => {};
  const waited = new Promise<void>((resolve) => {
    cancel = clock.after(waitMs, resolve);
  });
  return unlessAborted(route.stop, waited).finally(() => cancel());
}

/**
 * A second link to the same server, bound to the session that the account has on the first.
 * @throws Fault fingerprint-changed: somebody else answers there; the link's; as the server refuses
 */
async function openChannel(
  stand: LoggedInLink,
  parts: DataChannelOptions,
  ends: AbortSignal,
): Promise<Connection> {
  const { ticket } = await unlessAborted(ends, stand.connection.ask("ticket", {}));
  const opening = stand.connection.link
    .openChannel()
    .then((link) => new Connection(link, parts.clock)); // In the tick in which it is handed over.
  const lane = await unlessAborted(ends, opening).catch((error: unknown) => {
    // Whatever still comes has nobody who uses it.
    opening.then((late) => late.close()).catch(() => {});
    throw error;
  });
  try {
    await unlessAborted(ends, enter(lane, stand, parts, ticket));
    return lane;
  } catch (error) {
    lane.close();
    throw error;
  }
}

async function enter(
  lane: Connection,
  stand: LoggedInLink,
  parts: DataChannelOptions,
  ticket: string,
): Promise<void> {
  const { fingerprint } = await parts.greet(lane);
  if (fingerprint !== stand.fingerprint) {
    throw new Fault("fingerprint-changed", "another server answers where files are to go", {
      remedy: "somebody may be in between; ask the server's owner",
    });
  }
  await lane.ask("lane", { ticket }).catch((error: unknown) => {
    if (!(error instanceof Fault) || error.code !== "login-refused") throw error;
    // It came too late, or to a server that has started again: another ticket will do.
    throw new Fault("link-closed", error.message, { cause: error });
  });
}
