/** Ids that another system, such as a school's, gives to people. */

import { Fault, msg } from "./fault.ts";
import { EXTERNAL_ID_CHARS_MAX } from "./limits.ts";

const EXTERNAL_ID = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._@/+: -]*$/u;

export function isExternalId(text: string): boolean {
  return text.length <= EXTERNAL_ID_CHARS_MAX && text === text.trimEnd() && EXTERNAL_ID.test(text);
}

/**
 * @returns the id with composed letters, and otherwise as it is, with leading zeros
 * @throws {Fault} name-invalid
 */
export function checkExternalId(typed: string): string {
  const id = typed.normalize("NFC");
  if (isExternalId(id)) return id;
  throw new Fault(
    "name-invalid",
    msg`'${typed.slice(0, EXTERNAL_ID_CHARS_MAX)}' is not a valid id`,
    { remedy: msg`use up to ${EXTERNAL_ID_CHARS_MAX} letters, digits and . _ @ / + : -` },
  );
}

/** Key that two ids share if they differ only in leading zeros, blanks, case or punctuation. */
export function looseIdKey(id: string): string {
  return id
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, "")
    .replace(/^0+(?=.)/, "");
}
