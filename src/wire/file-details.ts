/**
 * Statements of a sender about a file, beside name, size and content. One value from the source to
 * the sink, and sealed as a whole in encrypted rooms, so that no code between them names a field.
 */

import * as v from "valibot";
import { PEAKS_MAX } from "../base/limits.ts";
import { DAY_MS, UNIX_MS_MAX } from "../base/time.ts";
import { PERMISSIONS } from "./modes.ts";

const PEAKS = /^[0-9a-f]+$/;

export const fileDetails = v.object({
  /** Permission bits. Never setuid, setgid or the sticky bit. */
  mode: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(PERMISSIONS))),
  /** Time of the last change of the content, in Unix milliseconds; negative before 1970. */
  mtimeMs: v.optional(
    v.pipe(v.number(), v.safeInteger(), v.minValue(-UNIX_MS_MAX), v.maxValue(UNIX_MS_MAX)),
  ),
  /** Duration of a voice message. */
  durationMs: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(DAY_MS))),
  /** Greatest amplitude in each of the equal parts of a voice message, from 0 to f. */
  peaks: v.optional(v.pipe(v.string(), v.maxBytes(PEAKS_MAX), v.regex(PEAKS))),
});

export type FileDetails = Readonly<v.InferOutput<typeof fileDetails>>;

/**
 * For code that reads, restores or shows details: the compiler asks it for each new one. HTTP is
 * not asked: of all details, it has a header for the time alone.
 */
export type AllFileDetails = { readonly [Name in keyof Required<FileDetails>]: FileDetails[Name] };

/** `undefined` if the details are invalid, so that their file remains available. */
export function readFileDetails(value: unknown): FileDetails | undefined {
  const result = v.safeParse(fileDetails, value);
  return result.success ? result.output : undefined;
}
