/** Verifies signatures with the runtime's native code. */

import { verifySignature } from "./identity.ts";
import { sha256 } from "./sha256.ts";

/** Checks what servers sign, by this runtime's own means. */
export const nativeVerifier = { sha256, seesCertificate: true, verify: verifySignature } as const;
