import { REQUESTS, type RequestKind } from "../../src/wire/messages.ts";
import { SEALED_REQUESTS } from "../../src/wire/messages-sealed.ts";

/** What programs ask for sealed rooms alone, and for accounts with a key on several devices. */
export const ASKED_BY_SEALED: readonly string[] = [
  ...Object.keys(SEALED_REQUESTS),
  ...["link", "link-offer", "link-grant"],
];

/** Requests that no world asks, each with the reason. */
const ASKED_BY_NONE: Readonly<Partial<Record<RequestKind, string>>> = {};

/** @returns those of the wire that these worlds should have asked and have not */
export function unasked(asked: ReadonlySet<string>): string[] {
  const elsewhere = new Set([...ASKED_BY_SEALED, ...Object.keys(ASKED_BY_NONE)]);
  return Object.keys(REQUESTS).filter((kind) => asked.has(kind) === elsewhere.has(kind));
}
