/** Client of `chat share` and `chat receive`, which stores nothing in the user's home. */

import { Fault } from "../../base/fault.ts";
import { RECEIVE_TIMEOUT_MS } from "../../base/limits.ts";
import { PROGRAM } from "../../base/version.ts";
import { Client, type ClientOptions } from "../../client/client.ts";
import { Identity } from "../../crypto/identity.ts";
import type { Clock } from "../../io/clock.ts";
import { systemEntropy } from "../../io/entropy.ts";
import type { Link } from "../../io/link/link.ts";
import { ClientState } from "../../io/state/client-state.ts";
import type { ServerAddress } from "../../wire/invite.ts";
import { lanFinder } from "../connect/discover.ts";
import { deviceKeys, nativeHashing } from "../connect/keys.ts";

interface ShareClient {
  readonly client: Client;
  close(): Promise<void>;
}

export function openShareClient(
  clock: Clock,
  dial: (first?: Uint8Array, to?: ServerAddress) => Promise<Link>,
  options: Omit<ClientOptions, "program">,
): ShareClient {
  const state = ClientState.inMemory();
  const keys = deviceKeys(Identity.generate(), state);
  const parts = { clock, entropy: systemEntropy(), state, keys, hashing: nativeHashing() };
  const client = new Client(
    { ...parts, dial: (to, first) => dial(first, to), findOnLan: lanFinder(clock, "chat-share") },
    { ...options, program: PROGRAM },
  );
  const close = async () => {
    await client.close();
    state.close();
  };
  return { client, close };
}

/**
 * A share has a new identity each time, so another identity at its address usually means that the
 * sender has started it again.
 */
export function earlierShare(error: unknown, address: string): unknown {
  if (!(error instanceof Fault) || error.code !== "fingerprint-changed") return error;
  const message = `this line belongs to an earlier share; another one now answers at ${address}`;
  return new Fault("fingerprint-changed", message, {
    remedy: "ask the sender for the new line, and run it in the same folder to resume",
    cause: error,
  });
}

export class ReconnectTimeout {
  #cancel: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly onEnd: (fault: Fault) => void,
  ) {}

  /** @returns false if the timeout is already running */
  onLost(fault: Fault): boolean {
    if (this.#cancel !== undefined) return false;
    this.#cancel = this.clock.after(RECEIVE_TIMEOUT_MS, () =>
      this.onEnd(
        new Fault("unreachable", `lost the sender (${fault.message})`, {
          remedy:
            "to resume, run chat receive CODE in the same folder while they still share, " +
            "or ask them to share again and run the new line there",
          cause: fault,
        }),
      ),
    );
    return true;
  }

  onReconnected(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
