/** Client of `chat share` and `chat receive`, which stores nothing in the user's home. */

import { VERSION } from "../../base/version.ts";
import { Client, type ClientOptions } from "../../client/client.ts";
import { Identity } from "../../crypto/identity.ts";
import type { Clock } from "../../io/clock.ts";
import { systemEntropy } from "../../io/entropy.ts";
import type { Link } from "../../io/link/link.ts";
import { ClientState } from "../../io/state/client-state.ts";
import { nativeHashing } from "../connect/hashing.ts";
import { deviceKeys } from "../connect/keys.ts";

export interface ShareClient {
  readonly client: Client;
  close(): Promise<void>;
}

export function openShareClient(
  clock: Clock,
  dial: () => Promise<Link>,
  options: Omit<ClientOptions, "program">,
): ShareClient {
  const state = ClientState.inMemory();
  const keys = deviceKeys(Identity.generate(), state);
  const parts = { clock, entropy: systemEntropy(), dial, state, keys, hashing: nativeHashing() };
  const client = new Client(parts, { ...options, program: `chat/${VERSION}` });
  const close = async () => {
    await client.close();
    state.close();
  };
  return { client, close };
}
