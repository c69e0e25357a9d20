/** Keys and sealed-room state in the home folder, and the runtime's own hashes and ciphers. */

import { createHash, hkdfSync } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { toBase64Url } from "../../base/bytes.ts";
import { STATE_KEY_BYTES } from "../../base/limits-sealed.ts";
import type { Hashing } from "../../client/files/hashing.ts";
import type { Keys } from "../../client/link/keys.ts";
import type { SealedHome } from "../../client/sealed/sealing.ts";
import { nativeCipher } from "../../crypto/aes-gcm.ts";
import { hmacSha256 } from "../../crypto/hmac.ts";
import { Identity, nativeVerifier, verifySignature } from "../../crypto/identity.ts";
import type { OpenFileCipher } from "../../crypto/seal/file-cipher.ts";
import type { SealPrimitives } from "../../crypto/seal/primitives.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { Clock } from "../../io/clock.ts";
import { acquireBuffer } from "../../io/disk/buffer-pool.ts";
import type { ClientState } from "../../io/state/client-state.ts";
import { SEALED_STATE_FILE, SealedStateStore } from "../../io/state/sealed-store.ts";

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

export function nativeHashing(): Hashing {
  return { sha256, hashChunk: sha256, newHash: () => new Bun.CryptoHasher("sha256") };
}

/** AES-GCM for files in sealed rooms, with pooled buffers. */
export const nativeFileCipher: OpenFileCipher = (key) => nativeCipher(key, acquireBuffer);

/** Sealed-room cryptography with `node:crypto`, twice as fast per message as WebCrypto. */
export const nativeSealPrimitives: SealPrimitives = {
  sha256: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()),
  hmac: hmacSha256,
  verify: verifySignature,
  aesGcm: nativeCipher,
};

const STATE_KEY_INFO = "chat/1 state";

/** Sealed-room state, encrypted with a key derived from the device's key. */
export function sealedHome(folder: string | undefined, device: Identity, clock: Clock): SealedHome {
  return {
    exists: () => folder !== undefined && existsSync(join(folder, SEALED_STATE_FILE)),
    open: ({ fingerprint, formers, account }) =>
      new SealedStateStore(
        folder,
        { fingerprint, formers, account, device: toBase64Url(device.publicKey) },
        clock,
      ),
    primitives: nativeSealPrimitives,
    hasCheapKey: true,
    stateKey: () => {
      const seed = device.seed();
      const raw = hkdfSync("sha256", seed, new Uint8Array(0), STATE_KEY_INFO, STATE_KEY_BYTES);
      seed.fill(0);
      return nativeSealPrimitives.aesGcm(new Uint8Array(raw));
    },
  };
}
