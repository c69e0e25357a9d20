import type { DisplayBody } from "../../../src/cli/output/records.ts";
import { fieldsIn } from "../../../src/core/client/chat-record.ts";
import { type EventKind, eventFactsOf } from "../../../src/core/client/event-facts.ts";

/** Displayed form of an event whose record has this body. */
export function eventBody(
  kind: EventKind,
  body: Readonly<Record<string, unknown>> = {},
): Extract<DisplayBody, { readonly kind: EventKind }> {
  return { kind, event: eventFactsOf({ kind, body }, fieldsIn({ kind, body })) };
}
