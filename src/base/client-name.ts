/** The name of a client program and the label of its device. */

import { cutText } from "./bytes.ts";
import { DEVICE_LABEL_BYTES_MAX } from "./limits.ts";
import { cleanText } from "./text.ts";

/**
 * The client's name in its `hello`, in the format of RFC 9110, 10.1.5: a product, then in brackets
 * a label by which the owner recognizes the device, as in `chat/0.2.0 (chat on Linux)`.
 */
export function clientName(product: string, label: string): string {
  return `${product} (${label})`;
}

/** Quadratic in the number of spaces; the 128 bytes of a `hello` bound it. */
const COMMENT = /\s*\(([^()]*)\)\s*$/;

export function productOf(client: string): string {
  return client.replace(COMMENT, "") || client;
}

/** Characters with a meaning in lists or JSON. */
const DISALLOWED = /[^\p{L}\p{M}\p{N} .,_+/-]/gu;

/**
 * The label of the device, cleaned and shortened; the product if there is no label. May be empty.
 */
export function deviceLabelOf(client: string): string {
  const rawLabel = COMMENT.exec(client)?.[1] ?? client;
  let label = "";
  // Removing a character can join its neighbours into something unwanted: a mark without its
  // letter, a longer cluster. Each round but the last shortens the label.
  for (let last = rawLabel; ; last = label) {
    const clean = cleanText(last).replaceAll(DISALLOWED, "").replaceAll(/ +/g, " ");
    label = cutText(clean.trim(), DEVICE_LABEL_BYTES_MAX).trim();
    if (label === last) return label;
  }
}
