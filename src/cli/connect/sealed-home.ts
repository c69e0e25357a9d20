/** Sealed-room state in the home folder, encrypted with a key derived from the device's key. */

import { hkdfSync } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { toBase64Url } from "../../base/bytes.ts";
import { STATE_KEY_BYTES } from "../../base/limits-sealed.ts";
import type { SealedHome } from "../../client/sealed/sealing.ts";
import type { Identity } from "../../crypto/identity.ts";
import type { Clock } from "../../io/clock.ts";
import { SEALED_STATE_FILE, SealedStateStore } from "../../io/state/sealed-store.ts";
import { nativeSealPrimitives } from "./seal-primitives.ts";

const STATE_KEY_INFO = "chat/1 state";

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
