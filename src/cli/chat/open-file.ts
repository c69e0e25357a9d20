import { open } from "node:fs/promises";
import { extname } from "node:path";
import { Fault, msg } from "../../base/fault.ts";
import type { Environment } from "../settings.ts";

/**
 * Kinds of files that a person may want to look at, and that no system runs. Others are never
 * opened from here: pages and drawings with scripts in them, programs, archives.
 */
const OPENABLE: ReadonlySet<string> = new Set(
  [
    "jpg jpeg png gif webp bmp tif tiff heic avif",
    "pdf txt md csv tsv log json odt ods odp docx xlsx pptx epub",
    "mp3 ogg oga opus flac wav m4a aac mp4 m4v mkv webm mov avi mpg mpeg",
  ].flatMap((kinds) => kinds.split(" ").map((kind) => `.${kind}`)),
);

/** How programs begin, whatever their name says: `#!`, ELF, MZ, and Mach-O in its four forms. */
const PROGRAM = /^(?:2321|7f454c46|4d5a|feedfac[ef]|c[ef]faedfe|cafebabe)/;

/** What opens a file the way a double click does; undefined: nothing here does. */
export function openerOf(env: Environment): readonly string[] | undefined {
  const find = (name: string) => Bun.which(name, { PATH: env["PATH"] ?? "" });
  // Not `start`: it is the shell's, and reads & and % in a name as its own.
  if (process.platform === "win32") return ["rundll32.exe", "url.dll,FileProtocolHandler"];
  const program = find(process.platform === "darwin" ? "open" : "xdg-open");
  return program === null ? undefined : [program];
}

/** Whether the user may be asked to open it: neither a program nor a script nor a folder. */
export async function isOpenable(path: string): Promise<boolean> {
  if (!OPENABLE.has(extname(path).toLowerCase())) return false;
  try {
    await using file = await open(path, "r");
    if (!(await file.stat()).isFile()) return false;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return !PROGRAM.test(buffer.subarray(0, bytesRead).toString("hex"));
  } catch {
    return false; // Gone already, or not ours to read.
  }
}

/** Opens it and does not wait. Only after the user agreed. @throws Fault not-found */
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
