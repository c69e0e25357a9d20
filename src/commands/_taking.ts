import { mkdirSync, statSync } from "node:fs";
import { relative, resolve } from "node:path";
import { Fault } from "../base/fault.ts";
import type { FileId } from "../base/ids.ts";
import { FILE_ID_LENGTH, RENAMED_SHOWN_MAX } from "../base/limits.ts";
import { cleanText, quoteText, tsvLine } from "../base/text.ts";
import type { Client } from "../client/client.ts";
import { sha256 } from "../crypto/sha256.ts";
import { diskFault } from "../io/disk.ts";
import { chunksLeft } from "../io/part-left.ts";
import { openSink } from "../io/sink.ts";
import type { TransferProgress } from "../io/transfer-progress.ts";
import type { GotFile } from "../io/transfers.ts";
import type { Context } from "./_context.ts";
import { fileWords, type JsonObject, renderJson } from "./_render.ts";

const FILE_ID = /^f[A-Za-z0-9_-]+$/;

/** Whether it could be one. */
export function isFileId(text: string): text is FileId {
  return text.length === FILE_ID_LENGTH && FILE_ID.test(text);
}

/** @throws Fault file-unknown: as of an id that nobody has */
export function checkFileId(text: string): FileId {
  if (isFileId(text)) return text;
  throw new Fault("file-unknown", `there is no file ${quoteText(text)}`, {
    remedy: "list them: chat files, or /files",
  });
}

/** A folder, or nothing yet: it is made. @throws Fault usage */
export function checkOut(out: string): void {
  if (out !== "" && mayBeFolder(out)) return;
  throw new Fault("usage", `${quoteText(out)} is no folder`, {
    remedy: "name the folder in which files are to stand",
  });
}

function mayBeFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? true;
  } catch (error) {
    // A file above it. All else is said by whoever writes there.
    return (error as NodeJS.ErrnoException).code !== "ENOTDIR";
  }
}

/** As readable as what people make themselves, unlike folders of our own. @throws Fault store-… */
function makeOut(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw diskFault(error, folder);
  }
}

export interface TakeWish {
  readonly file: FileId;
  /** Where it is to stand. */
  readonly out: string;
  readonly onProgress: (progress: TransferProgress) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Fetches a file to a folder of this machine. @throws Fault */
export function takeFile(client: Client, wish: TakeWish): Promise<GotFile> {
  const { file, out, onProgress, signal } = wish;
  return client.transfers.get({
    file,
    into: resolve(out),
    openSink: ({ folderSize, sizeBytes, ...about }) => {
      makeOut(about.folder);
      return openSink({
        ...about,
        sha256,
        ...(folderSize === undefined ? {} : { folderSize }),
        ...(sizeBytes === undefined ? {} : { sizeBytes }),
      });
    },
    chunksLeft,
    onProgress,
    signal,
  });
}

/** One file that is here now. */
export function printGot(context: Context, got: GotFile): void {
  const { stdout, json } = context;
  if (json) stdout.write(renderJson(gotJson(got)));
  else if (stdout.isTerminal) stdout.write(`${cleanText(gotWords(got))}\n`);
  else stdout.write(tsvLine([got.id, got.path, String(got.sizeBytes), got.digest]));
}

/** Scripts rely on its fields. */
export function gotJson(got: GotFile): JsonObject {
  const { id, name, path, sizeBytes, digest, resumedBytes, from, entries, renamed } = got;
  return {
    kind: "got",
    id,
    name,
    path,
    sizeBytes,
    digest,
    resumedBytes,
    from,
    ...(entries === undefined ? {} : { entries }),
    ...(renamed.length === 0 ? {} : { renamed: renamed.length }),
  };
}

/** Names that some system would not have, or take for the same, are not changed in silence. */
export function sayRenamed({ name, renamed }: GotFile, tell: (sentence: string) => void): void {
  const shown = cleanText(name);
  for (const { from, to } of renamed.slice(0, RENAMED_SHOWN_MAX)) {
    tell(`${shown}: ${quoteText(from)} is called ${quoteText(to)} here`);
  }
  const more = renamed.length - RENAMED_SHOWN_MAX;
  if (more > 0) tell(`${shown}: and ${more} more have other names here`);
}

/** For people: what it is, and where. */
export function gotWords({ path, sizeBytes, entries, from }: GotFile): string {
  const place = relative(process.cwd(), path);
  const shown = place.startsWith("..") ? path : place;
  const folder = entries === undefined ? undefined : { entries };
  return `${fileWords({ name: shown, sizeBytes, folder })} is here, from ${from}`;
}
