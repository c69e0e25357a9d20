/** JSON in the files of an export, whose fields can have any type. */

import { decodeJson } from "../../base/decode.ts";
import { type Fields, objectFields } from "../../base/json-fields.ts";
import { linesIn, type TextLine } from "./entry.ts";

/** No export nests deeper; only a file that was made to exhaust the stack does. */
const JSON_DEPTH_MAX = 64;

/** @returns `undefined` if the text is not JSON, or nested too deeply */
export function jsonOf(text: string): unknown {
  try {
    const value: unknown = decodeJson(text);
    return isNestedDeeper(value, JSON_DEPTH_MAX) ? undefined : value;
  } catch {
    return undefined;
  }
}

function isNestedDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => isNestedDeeper(inner, depth - 1));
}

interface JsonLine extends TextLine {
  /** `undefined` if the line is no JSON object, or one that is nested too deeply. */
  readonly object: Fields | undefined;
}

/** File of JSON Lines in an export. */
export interface LinesFile {
  /** Prefix of locations; empty if there is only one file. */
  readonly path: string;
  read(): Uint8Array;
}

/** Reads JSON Lines without the blank ones. */
export function* jsonLinesIn(bytes: Uint8Array): Generator<JsonLine> {
  for (const line of linesIn(bytes)) {
    if (line.text.trim() !== "") yield { ...line, object: objectFields(jsonOf(line.text)) };
  }
}
