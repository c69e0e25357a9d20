/** Ed25519 identities: key files, signatures and fingerprints. */

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { assert } from "../base/assert.ts";
import { concatBytes, KEY_BYTES, SIGNATURE_BYTES } from "../base/bytes.ts";
import { Fault, msg } from "../base/fault.ts";
import { type Fingerprint, fingerprintWith } from "../wire/fingerprint.ts";
import { PKCS8_PREFIXES } from "./pkcs8.ts";
import { sha256 } from "./sha256.ts";

/** RFC 8410, section 4. */
const SPKI_PREFIX = Uint8Array.fromHex("302a300506032b6570032100");

const SEED_BYTES = 32;

export class Identity {
  readonly publicKey: Uint8Array;
  readonly #privateKey: KeyObject;

  private constructor(privateKey: KeyObject) {
    this.#privateKey = privateKey;
    const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
    this.publicKey = new Uint8Array(spki.subarray(SPKI_PREFIX.length));
    assert(this.publicKey.length === KEY_BYTES, "an Ed25519 public key has 32 bytes");
  }

  static generate(): Identity {
    return new Identity(generateKeyPairSync("ed25519").privateKey);
  }

  /**
   * @param source file name for the fault's message
   * @throws {Fault} data-foreign if the text is not an Ed25519 private key in PKCS8 PEM format
   */
  static fromPem(pem: string, source = "the key"): Identity {
    let key: KeyObject | undefined;
    let cause: unknown;
    try {
      key = createPrivateKey({ key: pem, format: "pem" });
    } catch (error) {
      cause = error;
    }
    if (key?.asymmetricKeyType === "ed25519") return new Identity(key);
    throw new Fault("data-foreign", msg`${source} is not an Ed25519 private key`, {
      remedy: "restore it from a backup",
      cause,
    });
  }

  static fromSeed(seed: Uint8Array): Identity {
    assert(seed.length === SEED_BYTES, "an Ed25519 seed has 32 bytes");
    const der = Buffer.from(concatBytes(PKCS8_PREFIXES.Ed25519, seed));
    return new Identity(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
  }

  seed(): Uint8Array {
    const der = this.#privateKey.export({ type: "pkcs8", format: "der" });
    return new Uint8Array(der.subarray(der.length - SEED_BYTES));
  }

  /** Returns a secret for one purpose, from which the identity's key cannot be calculated. */
  derive(purpose: string, bytes: number): Uint8Array {
    return new Uint8Array(hkdfSync("sha256", this.seed(), "", purpose, bytes));
  }

  toPem(): string {
    return this.#privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  }

  sign(bytes: Uint8Array): Uint8Array {
    return new Uint8Array(sign(null, bytes, this.#privateKey));
  }

  get fingerprint(): Fingerprint {
    return fingerprintOf(this.publicKey);
  }
}

export function verifySignature(
  publicKey: Uint8Array,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  try {
    const spki = Buffer.from(concatBytes(SPKI_PREFIX, publicKey));
    return verify(
      null,
      bytes,
      createPublicKey({ key: spki, format: "der", type: "spki" }),
      signature,
    );
  } catch {
    return false;
  }
}

export function fingerprintOf(publicKey: Uint8Array): Fingerprint {
  return fingerprintWith(publicKey, sha256);
}

export const nativeVerifier = { sha256, seesCertificate: true, verify: verifySignature } as const;
