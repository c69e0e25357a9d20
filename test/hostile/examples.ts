import type * as v from "valibot";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { NOTICES, type NoticeKind, REQUESTS, type RequestKind } from "../../src/wire/messages.ts";
import { type Parts, requirements } from "../wire/any-message.ts";
import { digestOf } from "../wire/digest.ts";

/** Valid requests and notices, derived from the schemas of the wire. */

/** Values that an attacker knows, by the names of the fields. */
export interface Facts {
  readonly user: string;
  readonly victim: string;
  /** Room of the victim, in which the attacker is an ordinary member. */
  readonly room: string;
  readonly roomId: string;
  /** Room that the attacker moderates, with the victim as a member. */
  readonly ownRoom: string;
  /** Text of the attacker in `room`. */
  readonly seq: number;
  /** Polls of the victim in `room`. */
  readonly poll: number;
  readonly secretPoll: number;
  /** Room that the attacker may only ask to join. */
  readonly gate: string;
  readonly ownSeq: number;
  /** Assignment and sealed room that the attacker moderates. */
  readonly assignment: string;
  readonly vault: string;
  readonly crowd: readonly string[];
  readonly file: string;
  /** Bytes of the texts that alternate with short ones. */
  readonly textBytes: number;
}

export type Fields = Readonly<Record<string, unknown>>;
type Value = (facts: Facts, i: number, number: string) => unknown;

/** Part of names that is distinct in each process. */
export const RUN = crypto.getRandomValues(new Uint8Array(3)).toHex();

export const EMPTY_FILE = { size: 0, chunks: 0, digest: digestOf([], sha256) };

/** A distinct file id for each number. */
export function fileIdOf(i: number): string {
  return `f${RUN}${i.toString(36)}`.padEnd(12, "A").slice(0, 12);
}

/** Values that a schema cannot know, by field, or by kind and field. */
const KNOWN: Readonly<Record<string, Value>> = {
  user: ({ victim }) => victim,
  users: ({ victim }) => [victim],
  room: ({ room }) => room,
  target: ({ room }) => room,
  to: ({ room }) => room,
  seq: ({ seq }) => seq,
  seqs: ({ seq }) => [seq],
  re: ({ seq }) => seq,
  file: ({ file }) => file,
  limit: () => 100,
  choices: (_, i) => [1 + (i % 3)],
  options: () => 3,
  text: ({ textBytes }, i) => (i % 8 === 7 ? "x".repeat(textBytes) : `text ${RUN} ${i}`),
  outbox: (_, i) => `${RUN}${i.toString(36)}`.padEnd(11, "A").slice(0, 11),
  counter: () => 1,
  until: () => 4_000_000_000_000,
  "offer.to": ({ room }) => [room],
  "offer.file": (_, i) => fileIdOf(i),
  "offer.size": () => 1,
  "finish.size": () => 0,
  "finish.chunks": () => 0,
  digest: () => EMPTY_FILE.digest,
  "fetch.from": () => 0,
  "fetch.window": () => CHUNK_BYTES,
  "chunk.bytes": () => new Uint8Array(1),
  "chunk.sha256": () => sha256(new Uint8Array(1)),
  "read.room": ({ roomId }) => roomId,
  "typing.room": ({ roomId }) => roomId,
  "prefs-set.room": ({ roomId }) => roomId,
  "save.room": ({ roomId }) => roomId,
  "follow.room": ({ roomId }) => roomId,
  "read.n": (_, i) => i % 10,
  "prefs-set.hidden": (_, i) => i % 100,
  "prefs-set.unread": (_, i) => 1 + (i % 100),
  "history.from": ({ victim }) => victim,
  "history.limit": () => 1_000,
  "inclusion.size": ({ seq }) => seq,
  "checkpoint.from": () => 0,
  "key-packages.packages": (_, i) => [new Uint8Array(700).fill(i)],
  "code-offer.number": () => undefined,
  "bot.on": (_, i) => i % 2 === 0,
};

/**
 * The fields of the request or notice with this number. Flags alternate, and every fourth one has
 * all optional fields.
 */
export function fieldsOf(
  kind: RequestKind | NoticeKind,
  facts: Facts,
  i: number,
  more: Fields = {},
): Fields {
  const entries = Object.hasOwn(REQUESTS, kind)
    ? REQUESTS[kind as RequestKind].fields
    : NOTICES[kind as NoticeKind];
  const fields: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(entries)) {
    const parts = schema as unknown as Parts;
    if (parts.type === "optional" && i % 4 !== 3) continue;
    const known = KNOWN[`${kind}.${name}`] ?? KNOWN[name];
    const value = known === undefined ? example(parts, i) : known(facts, i, name);
    if (value !== undefined) fields[name] = value;
  }
  return { ...fields, ...more };
}

function example(parts: Parts, i: number): unknown {
  const { wrapped, item, entries = {}, options = [] } = parts;
  switch (parts.type) {
    case "optional":
      return wrapped === undefined ? undefined : example(wrapped, i);
    case "boolean":
      return i % 2 === 0;
    case "picklist":
      return options[i % options.length];
    case "number":
      return Math.max(i % 2, ...requirements(parts, "min_value"));
    case "string":
      return stringOf(parts, i);
    case "custom":
      return bytesOf(parts as unknown as v.GenericSchema, i);
    case "array":
      return Array.from({ length: Math.max(0, ...requirements(parts, "min_length")) }, () =>
        item === undefined ? undefined : example(item, i),
      );
    case "object":
      return Object.fromEntries(
        Object.entries(entries)
          .filter(([, { type }]) => type !== "optional")
          .map(([name, schema]) => [name, example(schema, i)]),
      );
    default:
      throw new Error(`no example of a schema of type '${parts.type}'`);
  }
}

function stringOf(parts: Parts, i: number): string {
  const [length] = requirements(parts, "length");
  if (length !== undefined) return fileIdOf(i);
  const [bytesMax = 64] = requirements(parts, "max_bytes");
  return `x${RUN}${i.toString(36)}`.slice(0, bytesMax);
}

const SIZES = [32, 16, 64, 65, 0, 1, 8];

function bytesOf(schema: v.GenericSchema, i: number): Uint8Array {
  const accepts = (schema as unknown as { check(value: unknown): boolean }).check;
  const size = SIZES.find((size) => accepts(new Uint8Array(size)));
  return new Uint8Array(size ?? 32).fill(1 + (i % 255));
}
