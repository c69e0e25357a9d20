/** Handshake signatures that prove possession of the server's key and the device's key. */

import { type Identity, verifySignature } from "./identity.ts";
import { deviceProofBytes, type Greeting, NONCE_BYTES, serverProofBytes } from "./signed-bytes.ts";

export function makeServerProof(server: Identity, greeting: Greeting): Uint8Array {
  return server.sign(serverProofBytes(greeting));
}

export function verifyServerProof(
  serverKey: Uint8Array,
  greeting: Greeting,
  proof: Uint8Array,
): boolean {
  return hasValidNonces(greeting) && verifySignature(serverKey, serverProofBytes(greeting), proof);
}

export function verifyDeviceProof(
  deviceKey: Uint8Array,
  greeting: Greeting,
  user: string,
  proof: Uint8Array,
): boolean {
  return (
    hasValidNonces(greeting) && verifySignature(deviceKey, deviceProofBytes(greeting, user), proof)
  );
}

function hasValidNonces(greeting: Greeting): boolean {
  return greeting.clientNonce.length === NONCE_BYTES && greeting.serverNonce.length === NONCE_BYTES;
}
