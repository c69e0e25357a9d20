/** Account keys of a program with a data folder, for linking devices. */

import { Fault, msg } from "../base/fault.ts";
import type { Name } from "../base/names.ts";
import { makeDeviceCert } from "../crypto/device-cert.ts";
import { Identity } from "../crypto/identity.ts";
import { type Fingerprint, formatFingerprint } from "../wire/fingerprint.ts";
import type { LinkedAccount, LinkGranter } from "./linking.ts";
import type { AccountKeyStore } from "./ports.ts";

interface AccountKeyOptions {
  readonly state: AccountKeyStore;
  readonly clock: LinkGranter["clock"];
  readonly fingerprint: Fingerprint;
  readonly user: Name;
  readonly device: Pick<Identity, "publicKey">;
}

type AccountKey = Pick<
  LinkGranter,
  "user" | "own" | "fingerprint" | "clock" | "accountSeed" | "certify"
>;

/** @throws {Fault} not-allowed if this device has no account key */
export function accountKeyOf(options: AccountKeyOptions): AccountKey {
  const { state, clock, fingerprint, user } = options;
  const pem = state.knownAccountKey(fingerprint, user);
  if (pem === undefined) {
    throw new Fault("not-allowed", msg`this device signed in by password and has no account key`, {
      remedy: msg`use the device that created the account, or one linked to it`,
    });
  }
  const account = Identity.fromPem(pem, "the stored account key");
  const server = formatFingerprint(fingerprint);
  return {
    user,
    own: { deviceKey: options.device.publicKey, kind: "cli" },
    fingerprint,
    clock,
    accountSeed: () => account.seed(),
    certify: (device) =>
      makeDeviceCert(account, { server, user, ...device, signedAtUnixMs: clock.unixMs() }),
  };
}

export function storeAccountKey(
  state: AccountKeyStore,
  fingerprint: Fingerprint,
  { user, seed }: LinkedAccount,
): void {
  state.setAccountKey(fingerprint, user, Identity.fromSeed(seed).toPem());
}
