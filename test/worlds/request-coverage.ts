import { REQUESTS, type RequestKind } from "../../src/wire/messages.ts";
import { SEALED_REQUESTS } from "../../src/wire/messages-sealed.ts";

/**
 * Requests that only the worlds with sealed rooms send, including those of devices with an account
 * key.
 */
export const SEALED_ONLY_KINDS: readonly string[] = [
  ...Object.keys(SEALED_REQUESTS),
  ...["code-ask", "code-offer", "code-reply", "code-withdraw", "device-add"],
];

/** Requests that no world sends, each with the reason. */
const UNCOVERED_KINDS: Readonly<Partial<Record<RequestKind, string>>> = {};

export function coverageErrors(sent: ReadonlySet<string>): string[] {
  const elsewhere = new Set([...SEALED_ONLY_KINDS, ...Object.keys(UNCOVERED_KINDS)]);
  elsewhere.delete("group"); // Also sent before a text to a room that the client does not know.
  return Object.keys(REQUESTS).filter((kind) => sent.has(kind) === elsewhere.has(kind));
}
