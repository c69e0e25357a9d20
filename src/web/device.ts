import { concatBytes } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import type { Name } from "../base/names.ts";
import { deviceCertPayload } from "../crypto/cert-payload.ts";
import {
  deviceCertBytes,
  deviceProofBytes,
  type Greeting,
  serverProofBytes,
  successorBytes,
} from "../crypto/signed-bytes.ts";
import type { Entropy } from "../io/entropy.ts";
import { type Fingerprint, fingerprintWith, formatFingerprint } from "../wire/fingerprint.ts";
import type { NoticeOf } from "../wire/messages.ts";
import { pageSha256 } from "./hash.ts";
import type { Store } from "./store.ts";
import type { PageKey, Subtle } from "./surroundings.ts";

const ED25519 = { name: "Ed25519" } as const;
const KEY_BYTES = 32;

/** A key that the browser keeps: it signs, and nobody can read it, this page included. */
interface KeyPair {
  readonly publicKey: Uint8Array;
  /** Undefined: the browser has no such keys, and these bytes only name the device. */
  readonly privateKey: PageKey | undefined;
}

export interface DeviceParts {
  readonly store: Store;
  readonly subtle: Subtle | undefined;
  readonly entropy: Entropy;
}

/** This browser as a device: its own key, and those of accounts that were made here. */
export class Device {
  readonly #parts: DeviceParts;
  readonly #own: KeyPair;

  private constructor(parts: DeviceParts, own: KeyPair) {
    this.#parts = parts;
    this.#own = own;
  }

  /** The kept one, or one that is made and kept now. */
  static async open(parts: DeviceParts): Promise<Device> {
    return new Device(parts, await keptPair(parts, "device"));
  }

  get publicKey(): Uint8Array {
    return this.#own.publicKey;
  }

  /** False: without its key somebody has to give their password on each visit. */
  get canSign(): boolean {
    return this.#own.privateKey !== undefined;
  }

  /** Signs somebody in on this very link. @throws Fault not-allowed where it cannot sign */
  prove(greeting: Greeting, user: string): Promise<Uint8Array> {
    return this.#sign(this.#own, deviceProofBytes(greeting, user));
  }

  /** What `register` needs: the account's key, made here, and its word for this device. */
  async account(
    server: Fingerprint,
    user: Name,
    signedAtUnixMs: number,
  ): Promise<{ readonly accountKey: Uint8Array; readonly deviceCert: Uint8Array }> {
    const account = await keptPair(this.#parts, `account ${server} ${user.toLowerCase()}`);
    const request = {
      server: formatFingerprint(server),
      user,
      deviceKey: this.publicKey,
      kind: "web",
      signedAtUnixMs,
    } as const;
    const payload = deviceCertPayload(request, account.publicKey);
    const signature = await this.#sign(account, deviceCertBytes(payload));
    return { accountKey: account.publicKey, deviceCert: concatBytes(signature, payload) };
  }

  async #sign({ privateKey }: KeyPair, bytes: Uint8Array): Promise<Uint8Array> {
    const { subtle } = this.#parts;
    if (privateKey === undefined || subtle === undefined) {
      throw new Fault("not-allowed", "this browser cannot keep a key", {
        remedy: "use a newer browser, or the server's https address",
      });
    }
    return new Uint8Array(await subtle.sign(ED25519, privateKey, owned(bytes)));
  }
}

async function keptPair(parts: DeviceParts, name: string): Promise<KeyPair> {
  const { store } = parts;
  const known = pairOf(await store.get("keys", name));
  if (known !== undefined) return known;
  const made = await newPair(parts);
  try {
    await store.write([{ table: "keys", key: name, value: made }]);
  } catch (error) {
    if (!(error instanceof Fault)) throw error; // It is kept as long as the page lasts.
    return made;
  }
  // Another tab may have made one in the same moment: the kept one counts.
  return pairOf(await store.get("keys", name)) ?? made;
}

function pairOf(value: unknown): KeyPair | undefined {
  if (typeof value !== "object" || value === null || !("publicKey" in value)) return undefined;
  return value.publicKey instanceof Uint8Array ? (value as KeyPair) : undefined;
}

async function newPair({ subtle, entropy }: DeviceParts): Promise<KeyPair> {
  try {
    const pair = (await subtle?.generateKey(ED25519, false, ["sign", "verify"])) as
      | { readonly publicKey: PageKey; readonly privateKey: PageKey }
      | undefined;
    if (pair !== undefined && subtle !== undefined) {
      const publicKey = new Uint8Array(await subtle.exportKey("raw", pair.publicKey));
      return { publicKey, privateKey: pair.privateKey };
    }
  } catch {
    // A browser without Ed25519: as without `crypto.subtle`.
  }
  return { publicKey: owned(entropy(KEY_BYTES)), privateKey: undefined };
}

/**
 * Whether the server holds the key that it shows, on the link that it names. A browser checks the
 * certificate by its own rules and cannot compare it; one that cannot verify trusts TLS alone.
 */
export async function isProven(
  subtle: Subtle | undefined,
  welcome: NoticeOf<"welcome">,
  clientNonce: Uint8Array,
): Promise<boolean> {
  const { server, proof } = welcome;
  return verified(subtle, server.key, serverProofBytes(greetingOf(welcome, clientNonce)), proof);
}

export function greetingOf(welcome: NoticeOf<"welcome">, clientNonce: Uint8Array): Greeting {
  return { certificateHash: welcome.certificate, clientNonce, serverNonce: welcome.nonce };
}

/** Fingerprints of the server's former keys, as far as each has signed the next one. */
export async function formersOf(
  subtle: Subtle | undefined,
  { server, predecessors = [] }: NoticeOf<"welcome">,
): Promise<Fingerprint[]> {
  const formers: Fingerprint[] = [];
  let next = server.key;
  for (const { key, signature } of predecessors) {
    if (!(await verified(subtle, key, successorBytes(next), signature))) break;
    formers.push(fingerprintWith(key, pageSha256));
    next = key;
  }
  return formers;
}

async function verified(
  subtle: Subtle | undefined,
  publicKey: Uint8Array,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (subtle === undefined) return true;
  let key: PageKey;
  try {
    key = await subtle.importKey("raw", owned(publicKey), ED25519, true, ["verify"]);
  } catch (error) {
    return isMissing(error); // Else: no point of the curve.
  }
  return subtle.verify(ED25519, key, owned(signature), owned(bytes));
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && error.name === "NotSupportedError";
}

/** Bytes in memory of their own, as WebCrypto wants them. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
