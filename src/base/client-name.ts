/** The name of a client program and the label of its device. */

import { utf8Encode } from "./bytes.ts";
import { DEVICE_LABEL_BYTES_MAX } from "./limits.ts";
import { cleanText } from "./text.ts";

/**
 * How a client calls itself in its `hello`, as RFC 9110, 10.1.5 has it for browsers: a product, and
 * in brackets by what the owner knows the device again, as in `chat/0.2.0 (chat on Linux)`.
 */
export function clientName(product: string, label: string): string {
  return `${product} (${label})`;
}

/** Looks through it from each blank: 128 bytes of a `hello` are its bound. */
const COMMENT = /\s*\(([^()]*)\)\s*$/;

/** Without what is for the owner of the account alone. */
export function productOf(client: string): string {
  return client.replace(COMMENT, "") || client;
}

/** What has a meaning in a line of a list, or in JSON, is none of it. */
const UNWANTED = /[^\p{L}\p{M}\p{N} .,_+/-]/gu;

/** Of a client that says no more, its product. Short and clean; empty: nothing is left of it. */
export function deviceLabelOf(client: string): string {
  const told = COMMENT.exec(client)?.[1] ?? client;
  let label = "";
  // What is taken out leaves neighbours that mean something else together: a mark without its
  // letter, a longer cluster. Each round but the last makes it shorter.
  for (let last = told; ; last = label) {
    const clean = cleanText(last).replaceAll(UNWANTED, "").replaceAll(/ +/g, " ");
    label = startOf(clean.trim()).trim();
    if (label === last) return label;
  }
}

function startOf(text: string): string {
  let start = "";
  for (const character of text) {
    if (utf8Encode(start + character).length > DEVICE_LABEL_BYTES_MAX) break;
    start += character;
  }
  return start;
}
