import type { Identity } from "../../src/crypto/identity.ts";
import { deviceProofBytes, type Greeting } from "../../src/crypto/signed-bytes.ts";

/** A device's signature for logging in as `user` on a link. */
export function makeDeviceProof(device: Identity, greeting: Greeting, user: string): Uint8Array {
  return device.sign(deviceProofBytes(greeting, user));
}
