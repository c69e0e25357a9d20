/** The name of a client program and the label of its device. */

import { cutText } from "./bytes.ts";
import { DEVICE_LABEL_BYTES_MAX } from "./limits.ts";
import { cleanText } from "./text.ts";

/**
 * Returns the client's name for `hello` in the format of RFC 9110, section 10.1.5: a product, then
 * in brackets a label by which the owner recognises the device, as in `chat/0.2.0 (chat on Linux)`.
 */
export function clientName(product: string, label: string): string {
  return `${product} (${label})`;
}

/** Takes quadratic time in the number of spaces, which the 128 bytes of a `hello` limit. */
const COMMENT = /\s*\(([^()]*)\)\s*$/;

export function productOf(client: string): string {
  return client.replace(COMMENT, "") || client;
}

/** Characters that have a meaning in lists or JSON. */
const DISALLOWED = /[^\p{L}\p{M}\p{N} .,_+/-]/gu;

/**
 * Returns the cleaned and shortened label of the device, or the product if there is no label. May
 * be empty.
 */
export function deviceLabelOf(client: string): string {
  const rawLabel = COMMENT.exec(client)?.[1] ?? client;
  let label = "";
  // Removing a character can create a new disallowed one, such as a mark without its letter, or a
  // longer cluster. The loop ends because each round except the last shortens the label.
  for (let last = rawLabel; ; last = label) {
    const clean = cleanText(last).replaceAll(DISALLOWED, "").replaceAll(/ +/g, " ");
    label = cutText(clean.trim(), DEVICE_LABEL_BYTES_MAX).trim();
    if (label === last) return label;
  }
}
