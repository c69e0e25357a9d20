/** Links devices of this browser's account; loaded on demand, because its curve has 20 kB. */

import type { Name } from "../../base/names.ts";
import { signDeviceCert } from "../../client/link/keys.ts";
import type { SendRequest } from "../../client/link/queries.ts";
import { type OfferedLink, offerLink, requestLink } from "../../client/linking.ts";
import type { Clock } from "../../io/clock.ts";
import type { Entropy } from "../../io/entropy.ts";
import { type Fingerprint, formatFingerprint } from "../../wire/fingerprint.ts";
import type { PageDevice } from "../browser/device-key.ts";

interface Linking {
  readonly device: PageDevice;
  readonly user: Name;
  readonly fingerprint: Fingerprint;
  readonly random: Entropy;
  readonly clock: Clock;
  readonly sendRequest: SendRequest;
  readonly onCrowded?: (() => void) | undefined;
}

/** @throws {Fault} not-allowed if this browser cannot export the account key, or has another */
function offerPageLink({ device, ...linking }: Linking): Promise<OfferedLink> {
  const { user, fingerprint, clock } = linking;
  return offerLink({
    ...linking,
    own: { deviceKey: device.device.publicKey, kind: device.kind },
    accountSeed: () => device.accountSeed(fingerprint, user),
    certify: async (newDevice) => {
      const account = await device.account(fingerprint, user);
      const request = { server: formatFingerprint(fingerprint), user, ...newDevice };
      return signDeviceCert(account, { ...request, signedAtUnixMs: clock.unixMs() });
    },
  });
}

export const LINKING = { offerPageLink, requestLink } as const;
