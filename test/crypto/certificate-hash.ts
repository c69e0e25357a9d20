import { X509Certificate } from "node:crypto";
import { sha256 } from "../../src/crypto/sha256.ts";

export function certificateHash(certPem: string): Uint8Array {
  return sha256(new Uint8Array(new X509Certificate(certPem).raw));
}
