/** Opens a downloaded file with the system's default program. */

import { open } from "node:fs/promises";
import { extname } from "node:path";
import { Fault, msg } from "../../base/fault.ts";
import { startProgram } from "../child-program.ts";
import type { Environment } from "../settings.ts";

/**
 * File extensions that every system opens in a viewer and never executes. HTML and SVG are excluded
 * because they may contain scripts.
 */
const OPENABLE: ReadonlySet<string> = new Set(
  [
    "jpg jpeg png gif webp bmp tif tiff heic avif",
    "pdf txt md csv tsv log json odt ods odp docx xlsx pptx epub",
    "mp3 ogg oga opus flac wav m4a aac mp4 m4v mkv webm mov avi mpg mpeg",
  ].flatMap((kinds) => kinds.split(" ").map((kind) => `.${kind}`)),
);

/** First bytes of a program in hexadecimal: `#!`, ELF, MZ and the four variants of Mach-O. */
const PROGRAM = /^(?:2321|7f454c46|4d5a|feedfac[ef]|c[ef]faedfe|cafebabe)/;

export function openerOf(env: Environment): readonly string[] | undefined {
  const find = (name: string) => Bun.which(name, { PATH: env["PATH"] ?? "" });
  // `start` is not used, because its shell interprets & and % in a file name.
  if (process.platform === "win32") return ["rundll32.exe", "url.dll,FileProtocolHandler"];
  const program = find(process.platform === "darwin" ? "open" : "xdg-open");
  return program === null ? undefined : [program];
}

/** Programs, scripts and folders are never opened. */
export async function isOpenable(path: string): Promise<boolean> {
  if (!OPENABLE.has(extname(path).toLowerCase())) return false;
  try {
    await using file = await open(path, "r");
    if (!(await file.stat()).isFile()) return false;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return !PROGRAM.test(buffer.subarray(0, bytesRead).toString("hex"));
  } catch {
    return false;
  }
}

/**
 * Does not wait for the program to exit.
 * @throws {Fault} not-found if the program cannot be run
 */
export function openFile(opener: readonly string[], path: string, env: Environment): void {
  try {
    startProgram([...opener, path], env, { stdio: ["ignore", "ignore", "ignore"] }).unref();
  } catch (cause) {
    throw new Fault("not-found", msg`${opener[0]} cannot be run`, {
      remedy: msg`open ${path} yourself`,
      cause,
    });
  }
}
