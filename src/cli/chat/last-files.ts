/** Newest files in a room or conversation, with lookup by id or name. */

import { Fault, msg } from "../../base/fault.ts";
import { isFileId } from "../../base/ids.ts";
import { quoteText } from "../../base/text.ts";
import type { Client } from "../../client/client.ts";
import { filePages } from "../connect/lists.ts";
import { type DisplayFile, type DisplayRecord, displayFiles, fileLabel } from "../output/render.ts";
import { displayChatRecord } from "./console.ts";
import type { SlashHost } from "./slash-host.ts";

const LISTED_IDS_MAX = 3;

export async function lastFiles(
  { open, me }: Pick<SlashHost, "open" | "me">,
  target: string,
  limit: number,
): Promise<{ readonly files: readonly DisplayFile[]; readonly more: boolean }> {
  const { records, more } = await open.client.history({ target, files: true, limit });
  const files = records.flatMap((record) => displayFiles(displayChatRecord(record, me)));
  return { files, more };
}

/** Returns the records of all files that the user may read, oldest first. */
export async function fileRecords(client: Client, me: string): Promise<DisplayRecord[]> {
  const pages = await Array.fromAsync(filePages(client));
  return pages.flat().map((record) => displayChatRecord(record, me));
}

export function fileRow(file: DisplayFile): string {
  return `#${file.seq}  ${file.id}  ${fileLabel(file)}, from ${file.from}`;
}

export interface FileSelection {
  readonly id: string;
  readonly out: string | undefined;
}

/**
 * Parses `ID [DIR]`, `NAME [DIR]` or `SEQ [DIR]`. Names and folders may contain spaces, so the
 * longest matching file name wins. A word that may be an id is the id of a listed file, else a
 * name, else the number of a file's message, else the id of another file.
 * @param args at least one word
 * @throws {Fault} file-unknown; usage if several files have the name
 */
export async function selectFile(
  args: readonly string[],
  files: () => Promise<readonly DisplayFile[]>,
): Promise<FileSelection> {
  const [first = "", ...more] = args;
  const named = first.replace(/[;,]$/, ""); // Copied from a line such as "id: ID; DIR".
  const byId = isFileId(named) ? { id: named, out: folderOf(more) } : undefined;
  const knownFiles = await files().catch((error: unknown) => {
    if (byId === undefined || !(error instanceof Fault)) throw error;
    return [];
  });
  if (byId !== undefined && knownFiles.some(({ id }) => id === named)) return byId;
  for (let count = args.length; count > 0; count--) {
    const id = findFileId(knownFiles, args.slice(0, count).join(" "));
    if (id !== undefined) return { id, out: folderOf(args.slice(count)) };
  }
  const seq = Number(/^#?(\d+)$/.exec(named)?.[1]);
  const numbered = knownFiles.find((file) => file.seq === seq);
  if (numbered !== undefined) return { id: numbered.id, out: folderOf(more) };
  if (byId !== undefined) return byId;
  throw new Fault("file-unknown", msg`no file ${quoteText(args.join(" "))} here`, {
    remedy: msg`list them: ${"/files"}`,
  });
}

/**
 * Returns the id of the newest file with this name, if any.
 * @throws {Fault} usage if files with different content share the name
 */
export function findFileId(files: readonly DisplayFile[], name: string): string | undefined {
  const named = filesNamed(files, name);
  const ids = [...new Set(named.map(({ id }) => id))];
  const isSameContent = new Set(named.map(({ digest }) => digest)).size === 1;
  if (ids.length > 1 && !isSameContent) throw ambiguousName(name, ids);
  return ids[0];
}

function folderOf(args: readonly string[]): string | undefined {
  return args.length === 0 ? undefined : args.join(" ");
}

function filesNamed(files: readonly DisplayFile[], name: string): readonly DisplayFile[] {
  const exact = files.filter((file) => file.name === name);
  const folded = name.toLowerCase();
  const matches =
    exact.length > 0 ? exact : files.filter((file) => file.name.toLowerCase() === folded);
  return matches.toReversed();
}

function ambiguousName(name: string, ids: readonly string[]): Fault {
  const more = ids.length > LISTED_IDS_MAX ? ", …" : "";
  return new Fault("usage", msg`${ids.length} files here are named ${quoteText(name)}`, {
    remedy: msg`choose one by id, newest first: ${ids.slice(0, LISTED_IDS_MAX).join(", ")}${more}`,
  });
}
