import type { Identity } from "../../src/crypto/identity.ts";
import { deviceProofBytes, type Greeting } from "../../src/crypto/signed-bytes.ts";

export function makeDeviceProof(device: Identity, greeting: Greeting, user: string): Uint8Array {
  return device.sign(deviceProofBytes(greeting, user));
}
