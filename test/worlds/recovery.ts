import { Fault } from "../../src/base/fault.ts";
import { deviceKeys, nativeHashing } from "../../src/cli/connect/keys.ts";
import { Client } from "../../src/client/client.ts";
import type { Dial } from "../../src/io/link/link.ts";
import { ClientState } from "../../src/io/state/client-state.ts";
import { identityOfSeed } from "../crypto/seed-identity.ts";
import { SERVER } from "./machine.ts";
import type { Platform } from "./platform.ts";

export function recoverAccount(platform: Platform, dial: Dial, token: string): void {
  const { clock, random } = platform;
  const state = ClientState.inMemory();
  const client = new Client(
    {
      clock,
      entropy: random.bytes,
      hashing: nativeHashing(),
      state,
      dial: () => dial({ ...SERVER, timeoutMs: 1_000 }),
      keys: deviceKeys(identityOfSeed(random.bytes(32)), state),
    },
    { address: "server:2428", program: "chat/world", follow: "none", reconnect: false },
  );
  const run = async () => {
    await client.connect();
    await client.request("recover-user", { token });
    await client.request("recover", { token, password: "secret" });
  };
  run()
    .catch((error: unknown) => {
      if (!(error instanceof Fault)) platform.fail(error);
    })
    .finally(() => client.close());
}
