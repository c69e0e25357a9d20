import { fromBase64Url, toBase64Url } from "../../base/bytes.ts";
import { checkName } from "../../base/names.ts";
import { SealEngine } from "../../crypto/seal/engine.ts";
import type { SealPrimitives } from "../../crypto/seal/primitives.ts";
import type { StateKey } from "../../crypto/seal/state-box.ts";
import type { Clock } from "../../io/clock.ts";
import { type Fingerprint, formatFingerprint } from "../../wire/fingerprint.ts";
import { certifiedDevice, type Keys } from "../link/keys.ts";
import { CERT_KEY } from "./rows.ts";
import type { SealedStore } from "./store.ts";
import { Vault } from "./vault.ts";

export interface SealedDeviceParts {
  readonly clock: Clock;
  readonly keys: Keys;
  readonly store: SealedStore;
  /** Under which what is kept is encrypted. */
  readonly stateKey: StateKey;
  /** Left out: by WebCrypto. */
  readonly primitives: SealPrimitives | undefined;
  readonly fingerprint: Fingerprint;
  /** Of the server, before this one. */
  readonly formers: readonly Fingerprint[];
  readonly user: string;
}

/** This device as the groups of its rooms know it. */
export interface SealedDevice {
  readonly engine: SealEngine;
  /** Its key in base64url. */
  readonly id: string;
  /** The key of its account in base64url. */
  readonly account: string;
}

/**
 * The certificate stays the same over all runs: a leaf of a group names it for good.
 * @throws Fault not-allowed: no encryption here, or no account key
 */
export async function openSealedDevice(parts: SealedDeviceParts): Promise<SealedDevice> {
  const { clock, keys, fingerprint, formers, primitives } = parts;
  const account = await keys.account(fingerprint, checkName(parts.user));
  const cert = await certificateOf(parts);
  const servers = [fingerprint, ...formers].map(formatFingerprint);
  const unixMs = () => clock.unixMs();
  const engine = await SealEngine.open({ signer: keys.device, cert, servers, unixMs, primitives });
  return { engine, id: engine.device, account: toBase64Url(account.publicKey) };
}

function certificateOf(parts: SealedDeviceParts): Promise<Uint8Array> {
  const { clock, keys, store, stateKey, fingerprint } = parts;
  return store.transact(async (tables) => {
    const vault = new Vault(tables, stateKey);
    // One that cannot be read is made anew, as a device that lost all of it does.
    const known = await vault.find<string>(CERT_KEY);
    if (known !== undefined) return fromBase64Url(known);
    const place = { fingerprint, user: checkName(parts.user), unixMs: clock.unixMs() };
    const { deviceCert: cert } = await certifiedDevice(keys, place);
    await vault.put(CERT_KEY, toBase64Url(cert));
    return cert;
  });
}
