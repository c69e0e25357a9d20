/** Opens a downloaded file with the system's default program. */

import { open } from "node:fs/promises";
import { extname } from "node:path";
import { Fault, msg } from "../../base/fault.ts";
import type { Environment } from "../settings.ts";

/**
 * Extensions of viewable files that no system executes. Excludes HTML and SVG, which can contain
 * scripts, as well as programs and archives.
 */
const OPENABLE: ReadonlySet<string> = new Set(
  [
    "jpg jpeg png gif webp bmp tif tiff heic avif",
    "pdf txt md csv tsv log json odt ods odp docx xlsx pptx epub",
    "mp3 ogg oga opus flac wav m4a aac mp4 m4v mkv webm mov avi mpg mpeg",
  ].flatMap((kinds) => kinds.split(" ").map((kind) => `.${kind}`)),
);

/** First bytes of programs: `#!`, ELF, MZ, and four variants of Mach-O. */
const PROGRAM = /^(?:2321|7f454c46|4d5a|feedfac[ef]|c[ef]faedfe|cafebabe)/;

/** Returns the command that opens a file; `undefined` if there is none. */
export function openerOf(env: Environment): readonly string[] | undefined {
  const find = (name: string) => Bun.which(name, { PATH: env["PATH"] ?? "" });
  // Not `start`, because its shell interprets & and % in a name.
  if (process.platform === "win32") return ["rundll32.exe", "url.dll,FileProtocolHandler"];
  const program = find(process.platform === "darwin" ? "open" : "xdg-open");
  return program === null ? undefined : [program];
}

/** Reports whether opening a file may be offered. Excludes programs, scripts and folders. */
export async function isOpenable(path: string): Promise<boolean> {
  if (!OPENABLE.has(extname(path).toLowerCase())) return false;
  try {
    await using file = await open(path, "r");
    if (!(await file.stat()).isFile()) return false;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return !PROGRAM.test(buffer.subarray(0, bytesRead).toString("hex"));
  } catch {
    return false; // Missing or unreadable.
  }
}

/** Opens a file without waiting, after the user has agreed. @throws {Fault} not-found */
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
