/** Text of a share, as `chat receive` writes it. */

import { Fault } from "../../base/fault.ts";
import { defined } from "../../base/values.ts";
import {
  decodeTextFile,
  TEXT_ENCODINGS,
  type TextEncoding,
} from "../../core/client/text-encoding.ts";
import { characterLocale } from "../character-locale.ts";
import type { Context } from "../context.ts";
import { cleanLines } from "../guarded-output.ts";
import { renderJson } from "../output/render.ts";

interface AboutText {
  readonly id: string;
  readonly name: string;
  readonly from: string;
}

export function readAs(encoding: TextEncoding): string {
  return `not UTF-8; read as ${TEXT_ENCODINGS[encoding]}`;
}

interface WriteOptions {
  /** The user's choice. */
  readonly chosen: TextEncoding | undefined;
  readonly report: (line: string) => void;
}

/**
 * Writes the bytes themselves into a pipe, unless the user has chosen their encoding.
 * @throws {Fault} text-invalid if the content is no text, although its sender declared it so
 */
export function writeReceivedText(
  { stdout, json, env }: Context,
  about: AboutText,
  bytes: Uint8Array,
  { chosen, report }: WriteOptions,
): void {
  const decoded = decodeTextFile(bytes, { language: characterLocale(env), encoding: chosen });
  if (decoded === undefined) {
    throw new Fault("text-invalid", "what is shared as text is no text", {
      remedy: "save it as a file: --out DIR",
    });
  }
  const { text, encoding } = decoded;
  if (chosen === undefined && encoding !== "utf-8") {
    report(`${readAs(encoding)}: choose another with --encoding, or save it with --out DIR`);
  }
  if (json) {
    const other = encoding === "utf-8" ? undefined : encoding;
    stdout.write(renderJson(defined({ kind: "text", ...about, text, encoding: other })));
  } else if (!stdout.isTerminal) stdout.write(chosen === undefined ? bytes : text);
  else stdout.write(`${cleanLines(text).replace(/\n$/, "")}\n`);
}
