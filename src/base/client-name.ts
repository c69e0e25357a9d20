/** Name of a client program and label of its device. */

import { cutText } from "./bytes.ts";
import { DEVICE_LABEL_BYTES_MAX } from "./limits.ts";
import { cleanText } from "./text.ts";

/**
 * Returns a product and a device label in the format of RFC 9110, section 10.1.5, such as
 * `chat/0.2.0 (chat on Linux)`.
 */
export function clientName(product: string, label: string): string {
  return `${product} (${label})`;
}

const COMMENT = /(?<!\s)\s*\(([^()]*)\)\s*$/;

export function productOf(client: string): string {
  return client.replace(COMMENT, "") || client;
}

const DISALLOWED = /[^\p{L}\p{M}\p{N} .,_+/-]/gu;

export function deviceLabelOf(client: string): string {
  const rawLabel = COMMENT.exec(client)?.[1] ?? client;
  let label = "";
  // Repeat until nothing changes, because removing a character can make its neighbour disallowed or
  // merge two clusters.
  for (let last = rawLabel; ; last = label) {
    const clean = cleanText(last).replaceAll(DISALLOWED, "").replaceAll(/ +/g, " ");
    label = cutText(clean.trim(), DEVICE_LABEL_BYTES_MAX).trim();
    if (label === last) return label;
  }
}
