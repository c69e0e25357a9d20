/** Keeps a server's invite up to date with the addresses of its machine. */

import { Fault } from "../../base/fault.ts";
import { type Clock, every } from "../../io/clock.ts";
import { isLoopback } from "../../io/ws/address.ts";
import { formatInvite, type ServerSpec } from "../../wire/invite.ts";

const CHECK_INTERVAL_MS = 2_000;

interface InviteWatch {
  readonly clock: Clock;
  readonly first: ServerSpec;
  /** Returns the invite with the present addresses. */
  readonly make: () => Promise<ServerSpec>;
  readonly onChange: (invite: ServerSpec) => void;
  readonly onFault: (fault: Fault) => void;
}

/**
 * Without any network, the invite remains, because the same address will probably return.
 * @returns a function that stops watching
 */
export function watchInvite({ clock, first, make, onChange, onFault }: InviteWatch): () => void {
  let known = formatInvite(first);
  let isStopped = false;
  const stop = every(clock, CHECK_INTERVAL_MS, async () => {
    const invite = await make();
    const text = formatInvite(invite);
    if (isStopped || text === known || isLoopback(invite.host)) return;
    known = text;
    try {
      onChange(invite);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      onFault(error);
    }
  });
  return () => {
    isStopped = true;
    stop();
  };
}
