/** Decoders for texts of others, whose errors are Faults. */

import { Fault } from "./fault.ts";

/** @throws {Fault} frame-malformed if the text is not JSON */
export function decodeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Fault("frame-malformed", "a text is not JSON", { cause });
  }
}

export function tryUrl(text: string, base?: string): URL | undefined {
  return URL.canParse(text, base) ? new URL(text, base) : undefined;
}

/** @returns `undefined` if the percent-encoding is invalid */
export function tryDecodeUri(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
