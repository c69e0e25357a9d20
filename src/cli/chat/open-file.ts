/** Opens a fetched file with the system's default program. */

import { open } from "node:fs/promises";
import { extname } from "node:path";
import { Fault, msg } from "../../base/fault.ts";
import type { Environment } from "../settings.ts";

/**
 * Kinds of files that people view and that no system executes. Others are never opened from here:
 * HTML and SVG with scripts in them, programs, archives.
 */
const OPENABLE: ReadonlySet<string> = new Set(
  [
    "jpg jpeg png gif webp bmp tif tiff heic avif",
    "pdf txt md csv tsv log json odt ods odp docx xlsx pptx epub",
    "mp3 ogg oga opus flac wav m4a aac mp4 m4v mkv webm mov avi mpg mpeg",
  ].flatMap((kinds) => kinds.split(" ").map((kind) => `.${kind}`)),
);

/**
 * The first bytes of programs, whatever their name: `#!`, ELF, MZ, and Mach-O in its four forms.
 */
const PROGRAM = /^(?:2321|7f454c46|4d5a|feedfac[ef]|c[ef]faedfe|cafebabe)/;

/** Command that opens a file like a double click; `undefined` if there is none. */
export function openerOf(env: Environment): readonly string[] | undefined {
  const find = (name: string) => Bun.which(name, { PATH: env["PATH"] ?? "" });
  // Not `start`: the shell interprets & and % in a name.
  if (process.platform === "win32") return ["rundll32.exe", "url.dll,FileProtocolHandler"];
  const program = find(process.platform === "darwin" ? "open" : "xdg-open");
  return program === null ? undefined : [program];
}

/**
 * Reports whether the user may be asked to open it: neither a program nor a script nor a folder.
 */
export async function isOpenable(path: string): Promise<boolean> {
  if (!OPENABLE.has(extname(path).toLowerCase())) return false;
  try {
    await using file = await open(path, "r");
    if (!(await file.stat()).isFile()) return false;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return !PROGRAM.test(buffer.subarray(0, bytesRead).toString("hex"));
  } catch {
    return false; // Gone already, or not readable.
  }
}

/** Opens the file and does not wait. Call only after the user agreed. @throws Fault not-found */
export function openFile(opener: readonly string[], path: string): void {
  try {
    Bun.spawn([...opener, path], { stdio: ["ignore", "ignore", "ignore"] }).unref();
  } catch (cause) {
    throw new Fault("not-found", msg`${opener[0]} cannot be run`, {
      remedy: msg`open ${path} yourself`,
      cause,
    });
  }
}
