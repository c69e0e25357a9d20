/** Loader of features that the page uses and browsers since 2023 lack. */

import { PageFault } from "../../ui/text/fault-text.ts";

/** Features by the object that has them. `newer-methods.ts` replaces each. */
const NEWER: readonly (readonly [owner: object, ...names: string[]])[] = [
  [Uint8Array.prototype, "toHex", "toBase64"],
  [Uint8Array, "fromBase64"],
  [Promise, "withResolvers"],
  [URL, "canParse"],
  [Map, "groupBy"],
  [Object, "groupBy"],
  [Array.prototype, "toReversed", "toSorted", "toSpliced", "with"],
  [String.prototype, "isWellFormed", "toWellFormed"],
  [AbortSignal, "any"],
  [Intl, "Segmenter"],
];

/** @throws {PageFault} if the part of the page cannot be loaded */
export async function addNewerMethods(): Promise<void> {
  const isMissing = NEWER.some(([owner, ...names]) => names.some((name) => !(name in owner)));
  if (!isMissing) return;
  try {
    (await import("./newer-methods.ts")).addAll();
  } catch (cause) {
    // `withFetchFault` itself needs the methods.
    throw new PageFault("unreachable", "loadFailed", { cause });
  }
}
