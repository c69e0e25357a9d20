/** Single-use codes with which a person sets a new password. */

import { toBase64Url } from "../base/bytes.ts";

const CODE_BYTES = 16;
const CODE = /^p[\w-]{22}$/;

/** @param entropy returns random bytes */
export function newResetCode(entropy: (sizeBytes: number) => Uint8Array): string {
  return `p${toBase64Url(entropy(CODE_BYTES))}`;
}

/** Reports whether a text has the form of a code of `newResetCode`. */
export function isResetCode(text: string): boolean {
  return CODE.test(text);
}
