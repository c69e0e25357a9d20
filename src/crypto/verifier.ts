/** Verification of server signatures with native code. */

import { verifySignature } from "./identity.ts";
import { sha256 } from "./sha256.ts";

export const nativeVerifier = { sha256, seesCertificate: true, verify: verifySignature } as const;
