/** This device's membership in MLS groups. */

import { fromBase64Url, toBase64Url } from "../../base/bytes.ts";
import { checkName } from "../../base/names.ts";
import { parseDeviceCert } from "../../crypto/cert-payload.ts";
import { SealEngine } from "../../crypto/seal/engine.ts";
import type { SealPrimitives } from "../../crypto/seal/primitives.ts";
import type { StateKey } from "../../crypto/seal/state-box.ts";
import type { Clock } from "../../io/clock.ts";
import { type Fingerprint, formatFingerprint } from "../../wire/fingerprint.ts";
import { certifiedDevice, type Keys } from "../link/keys.ts";
import { CERT_KEY } from "./rows.ts";
import type { SealedStore } from "./store.ts";
import { Vault } from "./vault.ts";

export interface SealedDeviceOptions {
  readonly clock: Clock;
  readonly keys: Keys;
  readonly store: SealedStore;
  readonly stateKey: StateKey;
  readonly primitives: SealPrimitives | undefined;
  readonly fingerprint: Fingerprint;
  readonly formers: readonly Fingerprint[];
  readonly user: string;
}

export interface SealedDevice {
  readonly engine: SealEngine;
  readonly id: string;
  readonly account: string;
}

/**
 * Uses the same certificate in every run, because a group's leaf contains it permanently.
 * @throws {Fault} not-allowed if the device cannot encrypt or has no account key
 */
export async function openSealedDevice(options: SealedDeviceOptions): Promise<SealedDevice> {
  const { clock, keys, fingerprint, formers, primitives } = options;
  const account = await keys.account(fingerprint, checkName(options.user));
  const cert = await certificateOf(options, toBase64Url(account.publicKey));
  const servers = [fingerprint, ...formers].map(formatFingerprint);
  const unixMs = () => clock.unixMs();
  const engine = await SealEngine.open({ signer: keys.device, cert, servers, unixMs, primitives });
  return { engine, id: engine.device, account: toBase64Url(account.publicKey) };
}

/** @param account account key in base64url, which another device may have sent meanwhile */
function certificateOf(options: SealedDeviceOptions, account: string): Promise<Uint8Array> {
  const { clock, keys, store, stateKey, fingerprint } = options;
  return store.transact(async (tables) => {
    const vault = new Vault(tables, stateKey);
    // An unreadable certificate is replaced, as on a device that has lost all of its state.
    const known = await vault.find<string>(CERT_KEY);
    const stored = known === undefined ? undefined : fromBase64Url(known);
    if (stored !== undefined && parseDeviceCert(stored)?.cert.uik === account) return stored;
    const subject = { fingerprint, user: checkName(options.user), unixMs: clock.unixMs() };
    const { deviceCert: cert } = await certifiedDevice(keys, subject);
    await vault.put(CERT_KEY, toBase64Url(cert));
    return cert;
  });
}
