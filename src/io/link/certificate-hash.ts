/** Hash of a PEM certificate. */

import { createHash, X509Certificate } from "node:crypto";
import { Fault } from "../../base/fault.ts";

/**
 * Hashes the leaf certificate in DER form.
 * @throws {Fault} usage if the text contains no certificate
 */
export function certificateHashOf(certPem: string): Uint8Array {
  try {
    const { raw } = new X509Certificate(certPem);
    return new Uint8Array(createHash("sha256").update(raw).digest());
  } catch (cause) {
    throw new Fault("usage", "the PEM text contains no certificate", { cause });
  }
}
