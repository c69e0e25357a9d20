import fc from "fast-check";
import * as v from "valibot";
import { PEAKS_MAX } from "../../src/base/limits.ts";
import { fileId } from "../../src/wire/field.ts";
import { fileDetails } from "../../src/wire/file-details.ts";
import { ANY_CHARACTER } from "../any-character.ts";

/** Arbitrary values that a schema of `src/wire` accepts, derived from the schema itself. */

export interface Parts {
  readonly type: string;
  readonly pipe?: readonly (Parts & { readonly requirement?: unknown })[];
  readonly wrapped?: Parts;
  readonly item?: Parts;
  readonly entries?: Readonly<Record<string, Parts>>;
  readonly options?: readonly unknown[];
}

const ITEMS_MAX = 5;
const LETTERS_MAX = 24;
/** The longest field of bytes with an exact size is a public key of 65 bytes. */
const BYTES_MAX = 65;

export function anyOf<Value>(schema: v.GenericSchema<unknown, Value>): fc.Arbitrary<Value> {
  return drawn(schema as unknown as Parts) as fc.Arbitrary<Value>;
}

const PEAKS = fileDetails.entries.peaks.wrapped;

export const anyRef = fc.integer({ min: 1, max: 0xffffffff });

/** Returns the largest value of a schema. Lists without a limit get `entriesMax` entries. */
export function largestOf(schema: v.GenericSchema, entriesMax: number): unknown {
  return largest(schema as unknown as Parts, entriesMax);
}

function largest(schema: Parts, entriesMax: number): unknown {
  if (schema === (fileId as unknown)) return "f0123456789A";
  if (schema === (PEAKS as unknown)) return "f".repeat(PEAKS_MAX);
  const { type, item, wrapped, entries = {}, options = [] } = schema;
  if (type === "optional" && wrapped !== undefined) return largest(wrapped, entriesMax);
  if (type === "boolean") return true;
  if (type === "picklist") return options.map(String).toSorted((a, b) => b.length - a.length)[0];
  if (type === "number") return integerMax(schema);
  if (type === "string") {
    const [sizeBytes = 64] = requirements(schema, "max_bytes");
    return "é".repeat(sizeBytes / 2);
  }
  if (type === "custom") return new Uint8Array(Math.max(...sizesOf(schema)));
  if (type === "array" && item !== undefined) {
    const [length = entriesMax] = requirements(schema, "max_length");
    return Array(length).fill(largest(item, entriesMax));
  }
  if (type !== "object") throw new Error(`no largest value for a schema of type '${type}'`);
  const fields = Object.entries(entries).map(([name, item]) => [name, largest(item, entriesMax)]);
  return Object.fromEntries(fields);
}

function drawn(schema: Parts): fc.Arbitrary<unknown> {
  if (schema === (fileId as unknown)) return fc.stringMatching(/^f[A-Za-z0-9_-]{11}$/);
  if (schema === (PEAKS as unknown)) return fc.stringMatching(/^[0-9a-f]{1,64}$/);
  const { type, item, entries = {}, options = [] } = schema;
  const minLength = Math.max(0, ...requirements(schema, "min_length"));
  const maxLength = Math.min(ITEMS_MAX, ...requirements(schema, "max_length"));
  switch (type) {
    case "boolean":
      return fc.boolean();
    case "picklist":
      return fc.constantFrom(...options);
    case "number":
      return anyInteger(schema);
    case "string": {
      const bytesMax = Math.min(4 * LETTERS_MAX, ...requirements(schema, "max_bytes"));
      return fc
        .string({ unit: ANY_CHARACTER, minLength, maxLength: bytesMax >> 2 })
        .map((text) => text.toWellFormed());
    }
    case "custom":
      return anyBytes(schema);
    case "array":
      if (item !== undefined) return fc.array(drawn(item), { minLength, maxLength });
      break;
    case "object":
      return anyObject(entries);
  }
  throw new Error(`no arbitrary value for a schema of type '${type}'`);
}

export function requirements({ pipe: [first, ...actions] = [] }: Parts, type: string): number[] {
  const own = actions.filter((action) => action.type === type);
  const inner = first === undefined ? [] : requirements(first, type);
  return [...own.map(({ requirement }) => Number(requirement)), ...inner];
}

function integerMax(schema: Parts): number {
  return Math.min(Number.MAX_SAFE_INTEGER, ...requirements(schema, "max_value"));
}

function anyInteger(schema: Parts): fc.Arbitrary<number> {
  const min = Math.max(...requirements(schema, "min_value"));
  const max = integerMax(schema);
  const smallMax = Math.min(max, min + 2 ** 31);
  return fc.oneof(fc.integer({ min, max: smallMax }), fc.integer({ min, max }));
}

function sizesOf(schema: Parts): number[] {
  return Array.from({ length: BYTES_MAX + 1 }, (_, size) => size).filter((size) =>
    v.is(schema as unknown as v.GenericSchema, new Uint8Array(size)),
  );
}

function anyBytes(schema: Parts): fc.Arbitrary<Uint8Array> {
  const sizes = sizesOf(schema);
  return fc.uint8Array({ minLength: Math.min(...sizes), maxLength: Math.max(...sizes) });
}

function anyObject(entries: Readonly<Record<string, Parts>>): fc.Arbitrary<object> {
  const fields = Object.entries(entries);
  const requiredKeys = fields.filter(([, { type }]) => type !== "optional").map(([name]) => name);
  const arbitraries: Record<string, fc.Arbitrary<unknown>> = Object.fromEntries(
    fields.map(([name, schema]) => [name, drawn(schema.wrapped ?? schema)]),
  );
  return fc.record(arbitraries, { requiredKeys });
}
