/** This device's membership in MLS groups. */

import { fromBase64Url, toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { checkName } from "../../base/names.ts";
import { parseDeviceCert } from "../../crypto/cert-payload.ts";
import { SealEngine } from "../../crypto/seal/engine.ts";
import type { SealPrimitives } from "../../crypto/seal/primitives.ts";
import type { StateKey } from "../../crypto/seal/state-box.ts";
import type { Clock } from "../../io/clock.ts";
import { type Fingerprint, formatFingerprint } from "../../wire/fingerprint.ts";
import type { RequestKind } from "../../wire/messages.ts";
import { certifiedDevice, type Keys } from "../link/keys.ts";
import type { SendRequest } from "../link/queries.ts";
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
  readonly request: SendRequest;
}

export interface SealedDevice {
  /** Presents this device's certificate where the server has refused it for want of one. */
  readonly request: SendRequest;
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
  const request = certifying(options.request, keys.device.publicKey, cert);
  return { request, engine, id: engine.device, account: toBase64Url(account.publicKey) };
}

/** Requests that the server accepts only from devices with a certificate. */
const CERTIFIED: ReadonlySet<RequestKind> = new Set([
  ...(["key-packages", "seal-lease", "group-create", "group-commit"] as const),
]);

/** A device that was signed out signs in with a password, although it has the account's key. */
function certifying(
  request: SendRequest,
  deviceKey: Uint8Array,
  deviceCert: Uint8Array,
): SendRequest {
  let adding: Promise<boolean> | undefined;
  let isAdded: boolean | undefined;
  return async (kind, fields) => {
    const wasAsked = isAdded !== undefined;
    try {
      return await request(kind, fields);
    } catch (error) {
      const isRefused = error instanceof Fault && error.code === "not-allowed";
      if (wasAsked || !isRefused || !CERTIFIED.has(kind)) throw error;
      adding ??= request("device-add", { deviceKey, deviceCert }).then(
        () => true,
        () => false,
      );
      isAdded = await adding;
      if (isAdded) return request(kind, fields);
      throw error;
    }
  };
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
