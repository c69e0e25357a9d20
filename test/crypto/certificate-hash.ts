import { X509Certificate } from "node:crypto";
import { sha256 } from "../../src/crypto/sha256.ts";

/** Returns the SHA-256 of the leaf certificate's DER, as links report it. */
export function certificateHash(certPem: string): Uint8Array {
  return sha256(new Uint8Array(new X509Certificate(certPem).raw));
}
