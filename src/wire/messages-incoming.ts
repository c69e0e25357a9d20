/** Validation of decoded values against the message schemas. */

import * as v from "valibot";
import { Fault } from "../base/fault.ts";
import {
  type Answer,
  type Message,
  NOTICES,
  type Notice,
  REF,
  REQUESTS,
  type Request,
  type RequestKind,
  WIRE_VERSION,
} from "./messages.ts";

export type Incoming =
  | { readonly kind: "message"; readonly message: Message }
  | { readonly kind: "refused"; readonly ref: number; readonly fault: Fault }
  | { readonly kind: "ignored" };

type Schemas = ReadonlyMap<string, v.GenericSchema<unknown, Message>>;

const requests: Schemas = new Map(
  Object.entries(REQUESTS).map(([kind, { fields }]) =>
    messageSchema(kind, { ref: REF, ...fields }),
  ),
);
const notices: Schemas = new Map(
  Object.entries(NOTICES).map(([kind, fields]) => messageSchema(kind, fields)),
);

export function isRequest(message: Message): message is Request {
  return "ref" in message && Object.hasOwn(REQUESTS, message.kind);
}

function messageSchema(
  kind: string,
  fields: v.ObjectEntries,
): [string, v.GenericSchema<unknown, Message>] {
  const entries = { kind: v.literal(kind), ...fields };
  // `checkAnswer` checks the other fields of an answer, because it knows the request.
  const object = kind === "ok" ? v.looseObject(entries) : v.object(entries);
  return [kind, object as unknown as v.GenericSchema<unknown, Message>];
}

/**
 * @throws {Fault} frame-malformed if the value is invalid and is not a request that can be answered
 */
export function checkMessage(value: unknown): Incoming {
  const { kind, ref } = envelope(value);
  const isRequestKind = ref !== undefined && kind !== "ok" && kind !== "fault";
  const schema = (isRequestKind ? requests : notices).get(kind);
  if (schema === undefined) {
    if (!isRequestKind && requests.has(kind))
      throw new Fault("frame-malformed", `'${kind}' requires a ref`);
    if (!isRequestKind) return { kind: "ignored" };
    const fault = new Fault("kind-unknown", `unknown request kind in version ${WIRE_VERSION}`, {
      remedy: "ask the server's operator to upgrade chat",
    });
    return { kind: "refused", ref, fault };
  }
  const result = v.safeParse(schema, value);
  if (result.success) return { kind: "message", message: result.output };
  const fault = faultOf(kind, result.issues[0]);
  if (isRequestKind) return { kind: "refused", ref, fault };
  throw fault;
}

function envelope(value: unknown): { kind: string; ref: number | undefined } {
  if (typeof value !== "object" || value === null || !("kind" in value)) {
    throw new Fault("frame-malformed", "a message has no kind");
  }
  if (typeof value.kind !== "string")
    throw new Fault("frame-malformed", "a message's kind is not a string");
  const ref = "ref" in value ? v.safeParse(REF, value.ref) : undefined;
  if (ref?.success === false) throw new Fault("frame-malformed", "a ref is not a 32-bit integer");
  return { kind: value.kind, ref: ref?.output };
}

function faultOf(kind: string, issue: v.BaseIssue<unknown>): Fault {
  const path = v.getDotPath(issue) ?? "?";
  if (issue.type === "max_bytes" || issue.type === "max_size" || issue.type === "max_length") {
    const maximum = String(issue.requirement);
    return new Fault("too-large", `'${path}' of '${kind}' is too long (at most ${maximum})`);
  }
  return new Fault("frame-malformed", `'${path}' of '${kind}' is invalid`);
}

export function isNotice(notice: Notice): boolean {
  const schema = notices.get(notice.kind);
  return schema !== undefined && v.is(schema, notice);
}

/** @throws {Fault} frame-malformed if the answer does not fit its request */
export function checkAnswer<Kind extends RequestKind>(kind: Kind, value: unknown): Answer<Kind> {
  const result = v.safeParse(REQUESTS[kind].answer, value);
  if (result.success) return result.output as Answer<Kind>;
  throw new Fault("frame-malformed", `the answer to '${kind}' is invalid`);
}
