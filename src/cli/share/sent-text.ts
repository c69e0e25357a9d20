/** Text that `chat share --text -` reads. Receivers get UTF-8. */

import { utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { TEXT_BYTES_MAX } from "../../base/limits.ts";
import { withoutMark } from "../../base/text.ts";
import { decodeTextFile } from "../../core/client/text-encoding.ts";
import { characterLocale } from "../character-locale.ts";
import type { Context } from "../context.ts";
import { readAs } from "./received-text.ts";

const AS_FILE = { remedy: "share it as a file" } as const;

/** @throws {Fault} text-invalid if it is empty or too large */
export function checkSentText(text: string): string {
  const { length } = utf8Encode(text);
  if (length === 0) throw new Fault("text-invalid", "the text is empty", AS_FILE);
  if (length > TEXT_BYTES_MAX) throw tooLargeText();
  return text;
}

export function tooLargeText(): Fault {
  return new Fault("text-invalid", `the text exceeds ${TEXT_BYTES_MAX} bytes`, AS_FILE);
}

/**
 * Decodes like a receiver, and names the encoding unless it is UTF-8.
 * @throws {Fault} text-invalid if the bytes are no text, empty or too many
 */
export function readSentText(
  { env }: Pick<Context, "env">,
  bytes: Uint8Array,
  note: (line: string) => void,
): string {
  const decoded = decodeTextFile(bytes, { language: characterLocale(env) });
  if (decoded === undefined) throw new Fault("text-invalid", "the input is no text", AS_FILE);
  const text = checkSentText(withoutMark(decoded.text));
  if (decoded.encoding !== "utf-8")
    note(`${readAs(decoded.encoding)}; if that is wrong, share it as a file`);
  return text;
}
