/** Key packages: single-use keys with which members can add a device that is offline. */

import type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js";
import type { KeyPackage, PrivateKeyPackage } from "ts-mls/keyPackage.js";
import { assert } from "../../base/assert.ts";
import { toBase64Url } from "../../base/bytes.ts";
import { KEY_PACKAGE_MS, KEY_PACKAGE_SKEW_MS, KEY_PACKAGES_MAX } from "../../base/limits-sealed.ts";
import { packValue, unpackValue } from "../../wire/codec.ts";
import type { CommitCheck, CommitRefusal } from "./commit-check.ts";
import type { SealDevice } from "./members.ts";
import { mls, readMessage, writeMessage } from "./mls.ts";
import { POLICY_EXTENSION } from "./policy.ts";
import { unreadable } from "./state-box.ts";
import { KEY_HANDLE, type SealSigner, SUITE } from "./suite.ts";

export interface KeyPackagePair {
  readonly ref: string;
  readonly keyPackage: Uint8Array;
  readonly secret: Uint8Array;
}

export type KeyPackageVerdict =
  | { readonly kind: "good"; readonly ref: string; readonly device: SealDevice }
  | { readonly kind: "rejected"; readonly reason: CommitRefusal };

interface KeyPackagesOptions {
  readonly signer: SealSigner;
  readonly cert: Uint8Array;
  readonly unixMs: () => number;
}

export class KeyPackages {
  constructor(
    private readonly options: KeyPackagesOptions,
    private readonly suite: CiphersuiteImpl,
  ) {}

  async make() {
    const { cert, signer, unixMs } = this.options;
    const now = unixMs();
    const toSeconds = (unixMs: number) => BigInt(Math.floor(unixMs / 1000));
    return mls.generateKeyPackage(
      { credentialType: "basic", identity: cert },
      {
        versions: ["mls10"],
        ciphersuites: [SUITE],
        extensions: [POLICY_EXTENSION],
        proposals: [],
        credentials: ["basic"],
      },
      {
        notBefore: toSeconds(now - KEY_PACKAGE_SKEW_MS),
        notAfter: toSeconds(now + KEY_PACKAGE_MS),
      },
      [],
      { signKey: KEY_HANDLE, publicKey: signer.publicKey },
      this.suite,
    );
  }

  async makePairs(count: number): Promise<KeyPackagePair[]> {
    assert(count > 0 && count <= KEY_PACKAGES_MAX, "the number of key packages is within limits");
    const pairs: KeyPackagePair[] = [];
    for (let i = 0; i < count; i++) {
      const { publicPackage, privatePackage } = await this.make();
      const { initPrivateKey: init, hpkePrivateKey: leaf } = privatePackage;
      const keyPackage = writeMessage({ wireformat: "mls_key_package", keyPackage: publicPackage });
      const secret = packValue({ keyPackage, init, leaf });
      pairs.push({ ref: await this.#refOf(publicPackage), keyPackage, secret });
    }
    return pairs;
  }

  /**
   * @throws {Fault} frame-malformed if the bytes cannot be parsed, too-large if they exceed the
   * maximum size
   */
  async inspect(bytes: Uint8Array, check: CommitCheck): Promise<KeyPackageVerdict> {
    const { keyPackage } = readMessage("mls_key_package", bytes);
    const device = await check.checkKeyPackage(keyPackage);
    if (typeof device === "string") return { kind: "rejected", reason: device };
    const { signature } = this.suite;
    const isSigned =
      (await mls.verifyKeyPackage(keyPackage, signature)) &&
      (await mls.verifyLeafNode(keyPackage.leafNode, signature));
    if (!isSigned) return { kind: "rejected", reason: "unverified" };
    return { kind: "good", device, ref: await this.#refOf(keyPackage) };
  }

  async #refOf(keyPackage: KeyPackage): Promise<string> {
    return toBase64Url(await mls.makeKeyPackageRef(keyPackage, this.suite.hash));
  }
}

export function readPackageSecret(secret: Uint8Array): {
  readonly keyPackage: KeyPackage;
  readonly privateKeys: PrivateKeyPackage;
} {
  const { keyPackage, init, leaf } = fieldsOf(secret);
  const isWhole =
    keyPackage instanceof Uint8Array && init instanceof Uint8Array && leaf instanceof Uint8Array;
  if (!isWhole) throw unreadable();
  const privateKeys = {
    initPrivateKey: init.slice(),
    hpkePrivateKey: leaf.slice(),
    signaturePrivateKey: KEY_HANDLE,
  };
  return { ...readMessage("mls_key_package", keyPackage), privateKeys };
}

function fieldsOf(secret: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return { ...(unpackValue(secret) as object) };
  } catch (cause) {
    throw unreadable(cause);
  }
}
