import { findPersonalData } from "../../../src/client/files/personal-data.ts";
import type { PersonalData } from "../../../src/core/client/personal-data-found.ts";

/** Searches the bytes of a whole file. */
export function personalDataIn(bytes: Uint8Array): Promise<PersonalData> {
  return findPersonalData({ peek: async (at, length) => bytes.subarray(at, at + length) });
}
