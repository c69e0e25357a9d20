import type { Identity } from "../../src/crypto/identity.ts";
import { deviceProofBytes, type Greeting } from "../../src/crypto/signed-bytes.ts";

/** The device's signature with which it signs `user` in on this link. */
export function makeDeviceProof(device: Identity, greeting: Greeting, user: string): Uint8Array {
  return device.sign(deviceProofBytes(greeting, user));
}
