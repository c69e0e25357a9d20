/** Pronounceable encoding of bytes, for reading aloud. */

import { assert } from "./assert.ts";

/** Consonants that are easy to distinguish in all languages and over a bad telephone line. */
const CONSONANTS = "bdfghjklmnprstvz";
const VOWELS = "aiou";

/** Encodes every two bytes as a word of five letters, such as `lusab` (arXiv:0901.4016). */
export function proquintsOf(bytes: Uint8Array): string[] {
  assert(bytes.length % 2 === 0, "a word encodes two bytes");
  return Array.from({ length: bytes.length / 2 }, (_, i) => {
    const value = (bytes[2 * i] ?? 0) * 256 + (bytes[2 * i + 1] ?? 0);
    const letter = (letters: string, shift: number) =>
      letters[(value >> shift) & (letters.length - 1)] ?? "";
    return (
      letter(CONSONANTS, 12) +
      letter(VOWELS, 10) +
      letter(CONSONANTS, 6) +
      letter(VOWELS, 4) +
      letter(CONSONANTS, 0)
    );
  });
}
