/** Keys of this device. */

import type { Keys } from "../../client/link/keys.ts";
import { Identity } from "../../crypto/identity.ts";
import { nativeVerifier } from "../../crypto/verifier.ts";
import type { ClientState } from "../../io/state/client-state.ts";

/** Returns the stored key of this device, which is created at its first use. */
export function deviceIdentity(state: Pick<ClientState, "deviceKey">): Identity {
  const pem = state.deviceKey(() => Identity.generate().toPem());
  return Identity.fromPem(pem, "device.key");
}

/**
 * Returns the keys of this device. Ed25519 signatures are computed in this process, and account
 * keys are stored in the home.
 */
export function deviceKeys(device: Identity, state: Pick<ClientState, "accountKey">): Keys {
  return {
    ...nativeVerifier,
    device,
    canSign: true,
    kind: "cli",
    account: (server, user) =>
      Identity.fromPem(
        state.accountKey(server, user, () => Identity.generate().toPem()),
        "the stored account key",
      ),
  };
}
