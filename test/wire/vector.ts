import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import vectors from "../vectors/messages.json";

const PATH = join(import.meta.dir, "../vectors/messages.json");

/** A message in the form of `test/vectors/messages.json`, with bytes as `{"hex": "..."}`. */
export interface Vector {
  readonly name: string;
  readonly answers?: string;
  readonly meaning: Readonly<Record<string, unknown>>;
  readonly hex: string;
}

export const VECTORS: readonly Vector[] = vectors.messages.map((vector) => ({
  ...vector,
  meaning: revived(vector.meaning) as Record<string, unknown>,
}));

function revived(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revived);
  if (typeof value !== "object" || value === null) return value;
  if ("hex" in value && typeof value.hex === "string") return Uint8Array.fromHex(value.hex);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revived(inner)]));
}

/** Replaces the bytes of a message, which a new row may leave empty. */
export function recordHex(name: string, hex: string): void {
  const text = readFileSync(PATH, "utf8");
  const at = text.indexOf(`\n      "name": ${JSON.stringify(name)},\n`);
  const after = text.slice(at).replace(/(?<=\n {6}"hex": ")[0-9a-f]*(?=")/, hex);
  writeFileSync(PATH, text.slice(0, at) + after);
}
