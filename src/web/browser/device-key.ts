/** Device key and account keys, created and stored in this browser. */

import { concatBytes, fromBase64Url, KEY_BYTES } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Name } from "../../base/names.ts";
import type { Keys, SigningKey } from "../../client/link/keys.ts";
import { PKCS8_PREFIXES } from "../../crypto/pkcs8.ts";
import { toUnshared } from "../../crypto/seal/unshared.ts";
import type { Entropy } from "../../io/entropy.ts";
import { ifPossible } from "../../io/promises.ts";
import { PageFault } from "../../ui/text/fault-text.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import type { Subtle } from "./environment.ts";
import { pageSha256 } from "./hash.ts";
import type { Store } from "./indexed-db.ts";
import { DEVICE_KEY } from "./store-watch.ts";

const ED25519 = { name: "Ed25519" } as const;

/** Key pair of this device or of an account, as stored. */
interface KeyPair {
  readonly publicKey: Uint8Array;
  /**
   * `undefined` if the browser does not support Ed25519; the public key then only identifies the
   * device.
   */
  readonly privateKey: CryptoKey | undefined;
}

export interface DeviceOptions {
  readonly store: Store;
  readonly subtle: Subtle | undefined;
  readonly entropy: Entropy;
}

export class PageDevice implements Keys {
  readonly sha256 = pageSha256;
  readonly seesCertificate = false;
  readonly kind = "web";
  readonly device: SigningKey;
  /** False if the key is lost when the page closes. */
  readonly isStored: boolean;
  /** Account keys that the browser did not store, by name. */
  readonly #unstored = new Map<string, KeyPair>();

  private constructor(
    private readonly options: DeviceOptions,
    private readonly own: LoadedPair,
  ) {
    this.device = this.#signing(own.pair);
    this.isStored = own.isStored && options.store.isEphemeral !== true;
  }

  static async open(options: DeviceOptions): Promise<PageDevice> {
    return new PageDevice(options, await loadOrCreatePair(options, DEVICE_KEY));
  }

  get canSign(): boolean {
    return this.own.pair.privateKey !== undefined;
  }

  async account(server: Fingerprint, user: Name): Promise<SigningKey> {
    return this.#signing(await this.#accountPair(server, user));
  }

  async #accountPair(server: Fingerprint, user: Name): Promise<KeyPair> {
    const name = accountName(server, user);
    const known = this.#unstored.get(name);
    if (known !== undefined) return known;
    const { pair, isStored } = await loadOrCreatePair(this.options, name);
    // Each later key would be another identity.
    if (!isStored) this.#unstored.set(name, pair);
    return pair;
  }

  /**
   * Returns the private half of an account key, for the same user's other device.
   * @throws {Fault} not-allowed if an earlier page created the key as non-extractable
   */
  async accountSeed(server: Fingerprint, user: Name): Promise<Uint8Array> {
    const { privateKey } = await this.#accountPair(server, user);
    const { subtle, store } = this.options;
    if (privateKey?.extractable === true && subtle !== undefined && store.isExternal !== true) {
      const pkcs8 = new Uint8Array(await subtle.exportKey("pkcs8", privateKey));
      return pkcs8.slice(-KEY_BYTES);
    }
    throw new PageFault("not-allowed", "keyStays");
  }

  /**
   * Stores the account key that the same user's other device has sent.
   * @throws {Fault} not-allowed if the browser cannot store it
   */
  async setAccountSeed(server: Fingerprint, user: Name, seed: Uint8Array): Promise<void> {
    const { subtle, store } = this.options;
    const pkcs8 = concatBytes(PKCS8_PREFIXES.Ed25519, seed);
    try {
      const privateKey = await subtle?.importKey("pkcs8", toUnshared(pkcs8), ED25519, true, [
        "sign",
      ]);
      if (subtle === undefined || privateKey === undefined)
        throw new PageFault("not-allowed", "keyStays");
      // Only the JWK format contains the public half (RFC 8037).
      const { x = "" } = await subtle.exportKey("jwk", privateKey);
      const publicKey = fromBase64Url(x);
      const isStorable = store.isExternal !== true && privateKey instanceof CryptoKey;
      const value = isStorable ? { publicKey, privateKey } : { publicKey, pkcs8 };
      await store.write([{ table: "keys", key: accountName(server, user), value }]);
    } finally {
      pkcs8.fill(0);
    }
  }

  async verify(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
    const { subtle } = this.options;
    if (subtle === undefined) return true;
    let key: CryptoKey;
    try {
      key = await subtle.importKey("raw", toUnshared(publicKey), ED25519, true, ["verify"]);
    } catch (error) {
      return isUnsupported(error); // Any other error means that the key is invalid.
    }
    return subtle.verify(ED25519, key, toUnshared(signature), toUnshared(bytes));
  }

  #signing({ publicKey, privateKey }: KeyPair): SigningKey {
    const { subtle } = this.options;
    return {
      publicKey,
      sign: async (bytes) => {
        if (privateKey !== undefined && subtle !== undefined) {
          return new Uint8Array(await subtle.sign(ED25519, privateKey, toUnshared(bytes)));
        }
        throw new Fault("not-allowed", "this browser cannot store a key", {
          remedy: "use a newer browser, or the server's https address",
        });
      },
    };
  }
}

const ACCOUNT = "account ";

function accountName(server: Fingerprint, user: Name): string {
  return `${ACCOUNT}${server} ${user.toLowerCase()}`;
}

interface LoadedPair {
  readonly pair: KeyPair;
  readonly isStored: boolean;
}

/** A page that cannot read or store a key works with one in memory. */
async function loadOrCreatePair(options: DeviceOptions, name: string): Promise<LoadedPair> {
  let isUnreadable = false;
  const existing = await readPair(options, name).catch((error: unknown) => {
    if (!(error instanceof Fault)) throw error;
    isUnreadable = true;
    return undefined;
  });
  if (existing !== undefined) return { pair: existing, isStored: true };
  const { pair, value } = await newPair(options, name.startsWith(ACCOUNT));
  if (isUnreadable) return { pair, isStored: false }; // A stored key must not be replaced.
  try {
    await options.store.write([{ table: "keys", key: name, value }]);
    // A key that another tab stored in the meantime takes precedence.
    return { pair: (await readPair(options, name)) ?? pair, isStored: true };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { pair, isStored: false };
  }
}

async function readPair(
  { store, subtle }: DeviceOptions,
  name: string,
): Promise<KeyPair | undefined> {
  const value = await store.get("keys", name);
  const pair = parsePair(value);
  const { pkcs8 } = Object(value) as { readonly pkcs8?: unknown };
  if (pair === undefined || (store.isExternal !== true && pkcs8 === undefined)) return pair;
  const { publicKey } = pair;
  const bytes = pkcs8 instanceof Uint8Array ? toUnshared(pkcs8) : undefined;
  const isExtractable = store.isExternal !== true && name.startsWith(ACCOUNT);
  const privateKey =
    bytes === undefined
      ? undefined
      : await subtle?.importKey("pkcs8", bytes, ED25519, isExtractable, ["sign"]);
  // The browser has learnt the curve since, and can protect the key.
  if (store.isExternal !== true && privateKey instanceof CryptoKey)
    await ifPossible(store.write([{ table: "keys", key: name, value: { publicKey, privateKey } }]));
  return { publicKey, privateKey };
}

function parsePair(value: unknown): KeyPair | undefined {
  if (typeof value !== "object" || value === null || !("publicKey" in value)) return undefined;
  return value.publicKey instanceof Uint8Array ? (value as KeyPair) : undefined;
}

interface NewPair {
  readonly pair: KeyPair;
  readonly value: unknown;
}

async function newPair(
  { subtle, entropy, store }: DeviceOptions,
  isExtractable: boolean,
): Promise<NewPair> {
  const isExternal = store.isExternal === true;
  try {
    const generated = (await subtle?.generateKey(ED25519, isExternal || isExtractable, [
      "sign",
      "verify",
    ])) as CryptoKeyPair | undefined;
    if (generated !== undefined && subtle !== undefined) {
      const publicKey = new Uint8Array(await subtle.exportKey("raw", generated.publicKey));
      const pair = { publicKey, privateKey: generated.privateKey };
      // A key of `curves.ts` is no object that a browser can store.
      if (!isExternal && pair.privateKey instanceof CryptoKey) return { pair, value: pair };
      const pkcs8 = new Uint8Array(await subtle.exportKey("pkcs8", generated.privateKey));
      return { pair, value: { publicKey, pkcs8 } };
    }
  } catch {
    // Without Ed25519 the page works as it does without `crypto.subtle`.
  }
  const pair = { publicKey: toUnshared(entropy(KEY_BYTES)), privateKey: undefined };
  return { pair, value: isExternal ? { publicKey: pair.publicKey } : pair };
}

function isUnsupported(error: unknown): boolean {
  return error instanceof Error && error.name === "NotSupportedError";
}
