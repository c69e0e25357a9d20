/** Downloads files to this machine. */

import { lutimesSync, mkdirSync, statSync } from "node:fs";
import { fromHex } from "../../base/bytes.ts";
import { Fault, msg, unlessFault } from "../../base/fault.ts";
import { cleanFileName } from "../../base/file-names.ts";
import { type FileId, isFileId } from "../../base/ids.ts";
import { RENAMED_LISTED_MAX } from "../../base/limits.ts";
import { cleanText, quoteText, tsvLineOfPaths } from "../../base/text.ts";
import { dateOf } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import type { Client } from "../../client/client.ts";
import type { TransferProgress } from "../../client/files/progress.ts";
import type { DownloadedFile } from "../../client/files/transfers.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { Sink } from "../../io/blob/interfaces.ts";
import { diskFault, type FileProperty, onDisk } from "../../io/disk/disk.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";
import { absolutePath, shortPath } from "../../io/disk/working-folder.ts";
import { storesFiles } from "../../io/file/destination.ts";
import { ContentSearch } from "../../io/file/existing-content.ts";
import { checkSpace, countPartialChunks } from "../../io/file/partial-file.ts";
import { type NamingTurn, openSink } from "../../io/file/sink.ts";
import type { Output } from "../../io/terminal/output.ts";
import { ENGLISH_TERMINAL, type TerminalMessage } from "../../ui/messages/en/terminal.ts";
import { chunkCount, Digest } from "../../wire/chunks.ts";
import { nativeHashing } from "../connect/keys.ts";
import { type Context, faultLine } from "../context.ts";
import { errorJson, usageFault } from "../errors.ts";
import type { ProgressDisplay } from "../output/progress.ts";
import { type DisplayFile, fileLabel, type JsonOutput, renderJson } from "../output/render.ts";

/** @throws {Fault} file-unknown if the id is malformed, as for an unknown file */
export function checkFileId(text: string): FileId {
  if (isFileId(text)) return text;
  throw new Fault("file-unknown", msg`no such file: ${quoteText(text)}`, {
    remedy: msg`list them: ${"chat files, or /files"}`,
  });
}

/** Value of `--out` for standard output. */
export const STDOUT = "-";

/**
 * Accepts an existing folder, a path at which a folder can be created, or `-` for one file.
 * @throws {Fault} usage
 */
export function checkDestination({ stdout, json }: Context, out: string, isSingle: boolean): void {
  if (out !== STDOUT) return checkOut(out);
  if (!isSingle) throw notSingle();
  if (json) {
    throw usageFault("--out - and --json cannot be combined", "use only one of them");
  }
  // A file could control the terminal.
  if (!stdout.isTerminal) return;
  throw usageFault("standard output is a terminal", "redirect it to a program or a file");
}

export function notSingle(): Fault {
  return usageFault("--out - takes exactly one file", "specify a destination folder");
}

/**
 * Accepts an existing folder, or a path at which a folder can be created.
 * @throws {Fault} usage
 */
export function checkOut(out: string): void {
  if (out !== "" && out !== STDOUT && mayBeFolder(out)) return;
  throw usageFault(msg`${quoteText(out)} is not a folder`, msg`specify a destination folder`);
}

function mayBeFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    // ENOTDIR means that a parent of the path is a file. Writing the file reports any other error.
    return (error as NodeJS.ErrnoException).code !== "ENOTDIR";
  }
}

/**
 * Reports whether a download's fault concerns only that file, so that others can still be saved.
 * No file of another user may keep others back.
 */
export async function concernsSingleFile({ scope }: Fault, folder: string): Promise<boolean> {
  return scope === "disk" ? storesFiles(folder) : scope === "file";
}

function createOut(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw diskFault(error, folder);
  }
}

interface KnownFile {
  readonly folder: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly digest: string;
}

/** Returns the path of a file that an earlier run has received completely. */
export async function findExistingFile(known: KnownFile): Promise<string | undefined> {
  const [folder, name] = [absolutePath(known.folder), cleanFileName(known.name)];
  const search = new ContentSearch({ disk: systemDisk(), folder, name, sha256 });
  return (await search.find(known.sizeBytes, fromHex(known.digest)))?.path;
}

/** Does not follow links. Ignores errors, because some disks refuse to set times. */
export function setModified(path: string, unixMs: number): void {
  const time = dateOf(unixMs);
  unlessFault(() => onDisk(path, () => lutimesSync(path, time, time)));
}

interface ReceiveOptions {
  readonly file: FileId;
  readonly out: string;
  /** Receives the bytes if `out` is `-`. */
  readonly stdout?: Output | undefined;
  readonly secret?: Uint8Array | undefined;
  /** Replaces the time that the sender names. */
  readonly mtimeMs?: number | undefined;
  readonly resumesShares?: boolean | undefined;
  /** Whether the file may be small. */
  readonly triesSmall?: boolean | undefined;
  readonly turn?: NamingTurn | undefined;
  readonly onProgress: (progress: TransferProgress) => void;
  readonly signal?: AbortSignal | undefined;
}

export function receiveFile(client: Client, options: ReceiveOptions): Promise<DownloadedFile> {
  const { file, out, stdout, secret, mtimeMs, resumesShares, onProgress, signal } = options;
  return client.transfers.get({
    file,
    triesSmall: options.triesSmall,
    into: absolutePath(out),
    openSink: async (fields) => {
      if (stdout !== undefined) {
        if (fields.folderSize !== undefined) {
          throw usageFault("--out - cannot write a folder", "specify a destination folder");
        }
        return new OutputSink(stdout);
      }
      const details = { ...fields.details, ...defined({ mtimeMs }) };
      const prepare = async () => {
        await checkSpace(fields);
        createOut(fields.folder);
      };
      const { turn } = options;
      return openSink({ ...fields, details, sha256, secret, resumesShares, prepare, turn });
    },
    chunksLeft: stdout === undefined ? countPartialChunks : undefined,
    onProgress,
    signal,
  });
}

function printGot(context: Context, downloaded: DownloadedFile): void {
  const { stdout, json } = context;
  if (downloaded.path === STDOUT) return;
  if (json) stdout.write(renderJson(downloadedJson(downloaded)));
  else if (stdout.isTerminal && !downloaded.isExisting)
    stdout.write(`${cleanText(downloadedText(downloaded)(ENGLISH_TERMINAL))}\n`);
  else if (!stdout.isTerminal)
    stdout.write(
      tsvLineOfPaths(
        [downloaded.id, downloaded.path, String(downloaded.sizeBytes), downloaded.digest],
        process.platform,
      ),
    );
}

/** Scripts depend on these fields. */
export function downloadedJson(downloaded: DownloadedFile): JsonOutput {
  const { id, name, path, sizeBytes, digest, resumedBytes, from, entries } = downloaded;
  const fields = { id, name, path, sizeBytes, digest, resumedBytes, from, entries };
  const renamed = downloaded.renamed.length || undefined;
  const notKept = downloaded.notKept.length === 0 ? undefined : downloaded.notKept;
  const existing = downloaded.isExisting || undefined;
  return defined({ kind: "got", ...fields, renamed, notKept, existing });
}

export function reportRenamed(
  { name, renamed }: DownloadedFile,
  report: (text: TerminalMessage) => void,
): void {
  const cleanName = cleanText(name);
  for (const { from, to } of renamed.slice(0, RENAMED_LISTED_MAX)) {
    report((texts) => texts.savedUnderName(cleanName, quoteText(from), quoteText(to)));
  }
  const moreCount = renamed.length - RENAMED_LISTED_MAX;
  if (moreCount > 0) report((texts) => texts.moreSavedUnderNames(cleanName, moreCount));
}

/** Reports each property of files that this disk does not store only once. */
export class PropertyReport {
  readonly #reported = new Set<FileProperty>();

  add(
    { name, notKept }: Pick<DownloadedFile, "name" | "notKept">,
    report: (text: TerminalMessage) => void,
  ): void {
    const properties = notKept.filter((property) => !this.#reported.has(property));
    if (properties.length === 0) return;
    for (const property of properties) this.#reported.add(property);
    report((texts) => texts.notKept(cleanText(name), properties));
  }
}

export function downloadedText(downloaded: DownloadedFile): TerminalMessage {
  const { path, sizeBytes, entries, from } = downloaded;
  const folder = entries === undefined ? undefined : { entries };
  const file = fileLabel({ name: shortPath(path), sizeBytes, folder });
  if (downloaded.isExisting) return (texts) => texts.fileExists(file);
  return (texts) => texts.fileDownloaded(file, from);
}

export interface FileReceiverOptions {
  /** Destination folder, or `-` for standard output. */
  readonly out: string;
  /** Without it, the next run checks all chunks of partial downloads. */
  readonly secret?: Uint8Array | undefined;
  /** True if the files come from a share, which may have been started again. */
  readonly resumesShares?: boolean;
  /** Whether the files may be small. Each request for a long file costs a round trip. */
  readonly triesSmall?: boolean;
}

export class FileReceiver {
  #written: FileId | undefined;

  constructor(
    readonly context: Context,
    readonly client: Client,
    readonly progressDisplay: ProgressDisplay,
    private readonly options: FileReceiverOptions,
    private readonly properties = new PropertyReport(),
  ) {}

  async download(
    file: FileId,
    { mtimeMs, turn }: Pick<ReceiveOptions, "mtimeMs" | "turn"> = {},
  ): Promise<DownloadedFile> {
    const { out } = this.options;
    if (out === STDOUT && this.#written !== undefined && this.#written !== file) throw notSingle();
    this.#written = file;
    try {
      const downloaded = await receiveFile(this.client, {
        ...this.options,
        file,
        stdout: out === STDOUT ? this.context.stdout : undefined,
        mtimeMs,
        turn,
        onProgress: (progress) => this.progressDisplay.update(progress),
      });
      await this.progressDisplay.end(file);
      await this.#report(downloaded);
      return downloaded;
    } finally {
      await this.progressDisplay.end(file);
    }
  }

  /**
   * Reports the file as received if an earlier run has saved it, without a request to the server.
   * Folders need a request, because the server has their manifests.
   */
  async findExisting(file: DisplayFile): Promise<DownloadedFile | undefined> {
    const { out } = this.options;
    const { id, name, from, sizeBytes, digest, folder } = file;
    if (out === STDOUT || folder !== undefined || !isFileId(id)) return undefined;
    const path = await findExistingFile({ folder: out, name, sizeBytes, digest });
    if (path === undefined) return undefined;
    const transfer = { chunks: chunkCount(sizeBytes), resumedBytes: sizeBytes, isExisting: true };
    const about = {
      id,
      name,
      from,
      sizeBytes,
      digest,
      entries: undefined,
      renamed: [],
      notKept: [],
    };
    const found: DownloadedFile = { ...about, ...transfer, path };
    await this.#report(found);
    return found;
  }

  async #report(downloaded: DownloadedFile): Promise<void> {
    const print = (text: TerminalMessage) => this.progressDisplay.print(text(ENGLISH_TERMINAL));
    if (downloaded.isExisting) print(downloadedText(downloaded));
    printGot(this.context, downloaded);
    reportRenamed(downloaded, print);
    this.properties.add(downloaded, print);
    await this.context.stdout.drained();
  }

  /** @param findNamed finds a file by a name that looks like an id */
  async receiveAll(
    files: readonly FileId[],
    findNamed: (name: string) => Promise<FileId | undefined> = () => Promise.resolve(undefined),
  ): Promise<number> {
    let exitCode = 0;
    for (const file of files) {
      try {
        await this.#downloadNamed(file, findNamed);
      } catch (error) {
        if (!(error instanceof Fault) || files.length === 1) throw error;
        if (!(await this.canContinue(error))) throw error;
        this.reportFault(error);
        exitCode ||= error.exitCode;
      }
    }
    return exitCode;
  }

  concernsSingleFile(fault: Fault): Promise<boolean> {
    return concernsSingleFile(fault, this.options.out);
  }

  /** Reports whether a command may download its other files after this fault. */
  async canContinue(fault: Fault): Promise<boolean> {
    if (!this.client.isConnected) return false;
    return fault.scope !== "disk" || (await this.concernsSingleFile(fault));
  }

  async #downloadNamed(
    file: FileId,
    findNamed: (name: string) => Promise<FileId | undefined>,
  ): Promise<void> {
    try {
      await this.download(file);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "file-unknown") throw error;
      const named = await findNamed(file);
      if (named === undefined || named === file) throw error;
      this.#written = undefined; // Nothing was written.
      await this.download(named);
    }
  }

  reportFault(fault: Fault): void {
    this.progressDisplay.print(faultLine(fault));
    if (this.context.json) this.context.stdout.write(errorJson(fault));
  }
}

/**
 * Writes one file to standard output.
 * @internal
 */
export class OutputSink implements Sink {
  readonly have = 0;
  readonly #digest = new Digest(nativeHashing().newHash());
  #sizeBytes = 0;

  constructor(private readonly stdout: Output) {}

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async append(sha256: Uint8Array, bytes: Uint8Array): Promise<void> {
    this.#digest.add(sha256);
    this.#sizeBytes += bytes.length;
    this.stdout.write(bytes);
    await this.stdout.flushed();
  }

  async sync(): Promise<void> {}

  digest(): Uint8Array {
    return this.#digest.value();
  }

  async finish(): Promise<string> {
    return "-";
  }

  async restart(): Promise<void> {
    if (this.#sizeBytes === 0) return;
    throw new Fault("checksum-wrong", msg`the file is corrupt, but its bytes were already written`);
  }

  close(): void {}
}
