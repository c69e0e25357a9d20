/** Device and account keys in the home folder. */

import type { Keys } from "../../client/link/keys.ts";
import { Identity, nativeVerifier } from "../../crypto/identity.ts";
import type { ClientState } from "../../io/state/client-state.ts";

export function deviceIdentity(state: Pick<ClientState, "deviceKey">): Identity {
  const pem = state.deviceKey(() => Identity.generate().toPem());
  return Identity.fromPem(pem, "device.key");
}

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
