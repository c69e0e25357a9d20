import * as v from "valibot";
import { utf8Encode } from "../../src/base/bytes.ts";
import { MESSAGE_BYTES_MAX } from "../../src/base/limits.ts";
import { UNIX_MS_MAX } from "../../src/base/time.ts";
import { type Parts, requirements } from "../wire/any-message.ts";

/** Values at the limits of a schema, derived from the schema. */

type Schema = v.GenericSchema;

export const ABSENT = Symbol("absent");

const NUMBERS: readonly number[] = [
  ...[0, 1, -1, 2, 0.5, -0.5, 255, 256, 65_535, 65_536],
  ...[2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32 - 1, 2 ** 32],
  ...[UNIX_MS_MAX, UNIX_MS_MAX + 1, 2 ** 53 - 1, -(2 ** 53) + 1],
  ...[Number.NaN, Infinity, -Infinity, Number.MAX_VALUE, Number.MIN_VALUE],
];
/** Removes lone surrogates, which UTF-8 and msgpack cannot represent. */
const TEXTS: readonly string[] = [
  ...["", " ", "\0", "a\0b", "\n", "\r\n", "\t", "\u001b[2J\u001b]0;x\u0007", "\u007f", "\u0085"],
  ...["\u202eabc\u202c", "\u2066x", "\u2028", "\ufeff", "\u200b", "\u200d", "\ufffd", "\uffff"],
  ...["e\u0301", `a${"\u0301".repeat(40)}`, "\u{1f469}\u200d\u{1f680}", "\u{10ffff}", "\u1e9e"],
  ...["İ", "ß", "ﬀ", "١٢٣", "你好", "שלום"],
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "server", "everyone", "null"],
  ...["../../etc/passwd", "/", "\\", "a/b", ".", "..", "con", "nul.txt", "%00", "%2e%2e%2f"],
  ...["#lobby", "@", "#", "@@", "#@a", "-1", "0", "123", "NaN", "a".repeat(32), "a".repeat(33)],
  ...["[", "(", "(a+)+$", "*", "?", "'", '"', "<b>", "&amp;", "`", "|", ";"],
];
const ODD: readonly unknown[] = [null, true, "x", 1, [], {}, new Uint8Array(0), [[]], { a: {} }];
const SIZES: readonly number[] = [
  ...[0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 257, 1_023, 1_024, 1_025],
  ...[4_095, 4_096, 4_097, 262_143, 262_144, 262_145],
];
const LONGEST_TRIED = MESSAGE_BYTES_MAX - 1_024;

function partsOf(schema: Schema): Parts {
  return schema as unknown as Parts;
}

export function bare(schema: Schema): Schema {
  const { type, wrapped } = partsOf(schema);
  return type === "optional" && wrapped !== undefined ? bare(asSchema(wrapped)) : schema;
}

function asSchema(parts: Parts): Schema {
  return parts as unknown as Schema;
}

const drawn = new WeakMap<Schema, readonly unknown[]>();

export function candidates(schema: Schema): readonly unknown[] {
  const known = drawn.get(schema) ?? [...ofType(bare(schema)), ...ODD, ABSENT];
  drawn.set(schema, known);
  return known;
}

export function accepted(schema: Schema): unknown[] {
  const good = candidates(bare(schema)).filter((value) => value !== ABSENT && v.is(schema, value));
  return good.length === 0 ? [ABSENT] : good;
}

function ofType(schema: Schema): unknown[] {
  const parts = partsOf(schema);
  const { options = [], item, entries = {} } = parts;
  const edges = (type: string) =>
    requirements(parts, type).flatMap((edge) => [edge - 1, edge, edge + 1]);
  switch (parts.type) {
    case "number":
      return [...NUMBERS, ...edges("min_value"), ...edges("max_value")];
    case "string":
      return [...TEXTS, ...longTexts(parts)];
    case "boolean":
      return [true, false];
    case "picklist":
      return [...options];
    case "array":
      return item === undefined ? [] : lists(parts, asSchema(item));
    case "object":
      return [...objects(entries as unknown as v.ObjectEntries)];
    case "custom":
      return SIZES.map((size) => new Uint8Array(size));
    default:
      return [];
  }
}

function longTexts(schema: Parts): string[] {
  const exact = requirements(schema, "length");
  const most = [...requirements(schema, "max_bytes"), ...exact];
  if (most.length === 0) return ["x".repeat(LONGEST_TRIED)];
  const sizes = most.flatMap((size) => [size - 1, size, size + 1]).filter((size) => size > 0);
  const letters = ["x", "é", "你", "\u{1f600}", "\0", '"', "\u0301", "\u202e"];
  const texts = sizes.flatMap((size) =>
    letters.map((letter) => {
      const each = utf8Encode(letter).length;
      return `${"x".repeat(size % each)}${letter.repeat(Math.floor(size / each))}`;
    }),
  );
  return [...texts, ...exact.map((length) => `f${"A".repeat(length - 1)}`)];
}

function lists(schema: Parts, item: Schema): unknown[] {
  const [max] = requirements(schema, "max_length");
  const one = accepted(item);
  const most = max ?? 4_096;
  const [plain] = one;
  return [
    [],
    ...candidates(item).flatMap((value) => (value === ABSENT ? [] : [[value]])),
    ...[most, most + 1].map((length) => Array.from({ length }, () => plain)),
    Array.from({ length: most }, (_, i) => one[i % one.length]),
    [plain, plain],
  ];
}

/** Requests in which a single field has a value at its limits. */
function* objects(entries: v.ObjectEntries): Iterable<unknown> {
  const plain = Object.fromEntries(
    Object.entries(entries).flatMap(([name, schema]) => {
      const [value] = accepted(schema as Schema);
      return value === ABSENT ? [] : [[name, value]];
    }),
  );
  yield plain;
  for (const [name, schema] of Object.entries(entries)) {
    for (const value of candidates(schema as Schema)) {
      const { [name]: _, ...rest } = plain;
      yield value === ABSENT ? rest : { ...rest, [name]: value };
    }
  }
}
