/** Files and folders that a command sends. */

import { existsSync, readdirSync } from "node:fs";
import { basename, join, win32 } from "node:path";
import { Fault, msg, unlessFault } from "../../base/fault.ts";
import { globTest } from "../../base/glob.ts";
import { FILE_NAME_BYTES_MAX, FILES_PER_POST_MAX } from "../../base/limits.ts";
import { cleanText, quoteText } from "../../base/text.ts";
import { type PersonalFile, personalFiles } from "../../client/files/personal-data.ts";
import type { SkippedEntry } from "../../core/transfer/folder-list.ts";
import type { LocalSource, Source } from "../../io/blob/interfaces.ts";
import { onDisk } from "../../io/disk/disk.ts";
import { absolutePath } from "../../io/disk/working-folder.ts";
import { checkSource, openSource } from "../../io/file/source.ts";
import { streamSource } from "../../io/file/source-stream.ts";
import { checkOpen } from "../../io/terminal/input.ts";
import type { TerminalMessage } from "../../ui/messages/en/terminal.ts";
import type { FileDetails } from "../../wire/file-details.ts";
import type { Context } from "../context.ts";
import { usageFault } from "../errors.ts";
import { localPath } from "./local-path.ts";

export const STDIN = "-";
const STDIN_NAME = "stdin";
/** Maximum number of notices on a screen about one folder. */
const SKIPPED_LISTED_MAX = 10;

/**
 * @param name name for receivers; defaults to the local name
 * @throws {Fault} file-unknown, store-denied, store-failed, usage
 */
export async function openSourceAt(
  context: Context,
  path: string,
  name?: string,
): Promise<LocalSource> {
  if (name !== undefined) checkFileName(name);
  checkPath(path);
  if (path === STDIN) return streamSource(inputOf(context), name ?? STDIN_NAME);
  const source = await openSource(absolutePath(localPath(path)));
  return name === undefined || name === source.name
    ? source
    : withFields(source, { name, details: source.details });
}

export function isFile(path: string): boolean {
  return existsSync(absolutePath(localPath(path)));
}

/**
 * Checks the words of a slash command.
 * @throws {Fault} usage if there are several, and one is no path, perhaps for want of quotes
 */
export function checkSendPaths(paths: readonly string[]): void {
  const missing = paths.length > 1 ? paths.find((path) => !isFile(path)) : undefined;
  if (missing === undefined) return;
  throw new Fault("usage", msg`${quoteText(missing)} is neither a file nor a room or person`, {
    remedy: msg`quote a path that contains spaces`,
  });
}

/**
 * Opens the files of a message that a user of the chat sends.
 * @throws {Fault} as `openSourceAt`, if one of them cannot be sent
 */
export async function openSources(
  context: Context,
  paths: readonly string[],
): Promise<readonly LocalSource[]> {
  if (paths.includes(STDIN))
    throw usageFault(msg`cannot send standard input here`, msg`specify a file`);
  if (paths.length > FILES_PER_POST_MAX) {
    const message = msg`a message can have at most ${FILES_PER_POST_MAX} files`;
    throw new Fault("too-many", message, { remedy: msg`send a folder, or several messages` });
  }
  const sources: LocalSource[] = [];
  try {
    for (const path of paths) sources.push(await openSourceAt(context, path));
    return sources;
  } catch (error) {
    for (const source of sources) source.close();
    throw error;
  }
}

/** Opens a temporary copy, whose mode and time say nothing of what was copied. */
export async function openCopyAt(path: string, name: string): Promise<LocalSource> {
  checkFileName(name);
  return withFields(await openSource(absolutePath(path)), { name, details: undefined });
}

/** Notes for users about a source. Further notes appear while it is sent. */
export class SourceNotes {
  #skippedCount = 0;
  #grownCount = 0;

  constructor(private readonly source: Source) {}

  newSkipped(): readonly SkippedEntry[] {
    const entries = this.source.skipped.slice(this.#skippedCount);
    this.#skippedCount += entries.length;
    return entries;
  }

  newGrown(): readonly string[] {
    const paths = (this.source.grown ?? []).slice(this.#grownCount);
    this.#grownCount += paths.length;
    return paths;
  }

  report(report: (text: TerminalMessage) => void): void {
    const { source } = this;
    const entries = this.newSkipped();
    for (const { path, reason } of entries.slice(0, SKIPPED_LISTED_MAX))
      report((texts) => texts.skippedEntry(`${path}: ${reason}`));
    const moreCount = entries.length - SKIPPED_LISTED_MAX;
    if (moreCount > 0)
      report((texts) => texts.moreSkippedEntries(cleanText(source.name), moreCount));
    for (const path of this.newGrown()) report((texts) => texts.grownFile(path));
  }
}

type Report = (text: TerminalMessage) => void;

/**
 * Reports the first file that contains the location where it was made, or the name of a person, and
 * the first one that may contain it; usually all photos of a camera do.
 */
export class PersonalDataReport {
  readonly #reported = new Set<string>();

  async add(source: LocalSource, report: Report): Promise<void> {
    const searched = this.#search(source, report);
    // The first bytes of a pipe may arrive late. They are searched before they are sent.
    if (source.sizeBytes !== undefined) await searched;
  }

  async #search(source: LocalSource, report: Report): Promise<void> {
    if (this.#isComplete) return;
    for await (const file of personalFiles(source.files())) {
      this.#reportFile(file, source.folder === undefined ? source.name : file.name, report);
      if (this.#isComplete) return;
    }
  }

  get #isComplete(): boolean {
    return this.#reported.has("location has") && this.#reported.has("name has");
  }

  #reportFile({ data }: PersonalFile, name: string, report: Report): void {
    for (const kind of ["location", "name"] as const) {
      const finding = data[kind];
      if (finding === "has not" || this.#reported.has(`${kind} has`)) continue;
      if (this.#reported.has(`${kind} ${finding}`)) continue;
      this.#reported.add(`${kind} ${finding}`);
      report((texts) => texts.personalData(cleanText(name), kind, finding === "has"));
    }
  }
}

/**
 * With several paths, a missing file is reported only when the command reaches it.
 * @throws {Fault} usage, not-found, store-…
 */
export function checkPaths(paths: readonly string[], name: string | undefined): void {
  paths.forEach(checkPath);
  if (name !== undefined && paths.length > 1) {
    throw usageFault("--name requires a single file", "send them one by one");
  }
  if (paths.filter((path) => path === STDIN).length > 1) {
    throw usageFault("standard input given twice", "use - once");
  }
  const [onlyPath] = paths;
  if (paths.length === 1 && onlyPath !== undefined && onlyPath !== STDIN)
    checkSource(absolutePath(localPath(onlyPath)));
}

/**
 * Expands `*` and `?` on Windows, where shells leave that to programs, and names cannot contain
 * them. A pattern without matches stays as it is. Upper and lower case are equal.
 */
export function expandPaths(
  paths: readonly string[],
  platform: NodeJS.Platform = process.platform,
): readonly string[] {
  if (platform !== "win32") return paths;
  return paths.flatMap((path) => {
    const { root } = win32.parse(path);
    const rest = path.slice(root.length);
    if (!/[*?]/.test(rest) || /^file:/i.test(path)) return [path];
    const matches = rest.split(/[\\/]+/).reduce<readonly string[]>(matchesIn, [root]);
    return matches.length === 0 ? [path] : matches;
  });
}

function matchesIn(folders: readonly string[], part: string): readonly string[] {
  if (part === "") return folders;
  if (!/[*?]/.test(part)) return folders.map((folder) => join(folder, part)).filter(existsSync);
  const isMatch = globTest(part);
  return folders.flatMap((folder) => {
    const names = unlessFault(() =>
      onDisk(folder, () => readdirSync(folder === "" ? "." : folder)),
    );
    const found = (names ?? []).filter(isMatch).sort();
    return found.map((name) => join(folder, name));
  });
}

/** An empty path usually comes from an unset variable in a script, so it is refused. */
function checkPath(path: string): void {
  if (path !== "") return;
  throw usageFault(msg`a path is empty`, msg`write . for this folder`);
}

function checkFileName(name: string): void {
  if (name === "" || basename(name) !== name) {
    throw usageFault("--name cannot contain folders", "for example, --name report.pdf");
  }
  if (Buffer.byteLength(name) > FILE_NAME_BYTES_MAX) {
    throw usageFault(msg`a file name can have at most ${FILE_NAME_BYTES_MAX} bytes`, "shorten it");
  }
}

function inputOf({ stdin }: Context): ReadableStream<Uint8Array> {
  checkOpen(stdin);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          const bytes = await stdin.chunk();
          if (bytes === undefined) return controller.close();
          if (bytes.length > 0) return controller.enqueue(bytes);
        }
      },
    },
    { highWaterMark: 0 },
  );
}

interface OwnFields {
  readonly name: string;
  readonly details: FileDetails | undefined;
}

function withFields(source: LocalSource, fields: OwnFields): LocalSource {
  return new Proxy(source, {
    get(target, key) {
      if (key === "name" || key === "details") return fields[key];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
