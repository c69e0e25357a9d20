import fc from "fast-check";
import { FILE_BYTES_MAX, PASSWORD_BYTES_MAX, TOPIC_BYTES_MAX } from "../../src/base/limits.ts";
import { MOMENT_UNIX_MS_MAX } from "../../src/base/time.ts";
import type { Answer } from "../../src/wire/messages.ts";

/** Arbitrary fields that many messages share. */

export const text = (bytesMax: number) =>
  fc
    .string({ unit: "binary", maxLength: Math.min(24, bytesMax >> 2) })
    .map((drawn) => drawn.toWellFormed());
export const count = fc.oneof(fc.nat(), fc.maxSafeNat());
export const moment = fc.oneof(fc.nat(), fc.nat(), fc.constant(MOMENT_UNIX_MS_MAX));
export const positive = fc.oneof(
  fc.integer({ min: 1 }),
  fc.maxSafeInteger().map((n) => Math.abs(n) || 1),
);
export const bytes = (sizeMax: number) => fc.uint8Array({ maxLength: sizeMax });
export const exact = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
export const name = text(64);
export const secret = text(PASSWORD_BYTES_MAX);
export const topic = text(TOPIC_BYTES_MAX);

export type Fields<Value> = { [Key in keyof Required<Value>]: fc.Arbitrary<Required<Value>[Key]> };

/** Fields outside `needed` may be absent. */
export function fields<Value>(
  all: Fields<Value>,
  needed: readonly (keyof Value & string)[],
): fc.Arbitrary<Value> {
  const record = fc.record(all as Fields<object>, { requiredKeys: needed as never[] });
  return record as unknown as fc.Arbitrary<Value>;
}

export const record = fields<Answer<"history">["records"][number]>(
  {
    head: bytes(300),
    salt: exact(16),
    body: bytes(300),
    erased: positive,
    damaged: fc.boolean(),
    from: name,
  },
  ["head"],
);
export const accepted = fc.constant({});
export const file = fc.stringMatching(/^f[A-Za-z0-9_-]{11}$/);
export const fileName = text(200).map((drawn) => drawn || "x");
export const size = fc.oneof(
  fc.nat(),
  fc.maxSafeInteger().map((n) => Math.abs(n) % (FILE_BYTES_MAX + 1)),
);
