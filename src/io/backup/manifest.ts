/** Manifest of a backup, `backup.json`. */

// The manifest is written last. A folder without a manifest is not a complete backup.

import { join } from "node:path";
import * as v from "valibot";
import { utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { count, parseJson } from "../../wire/field.ts";
import { BACKUP_MARKS } from "../disk/data-folder.ts";
import { type Disk, readWholeFile, removeFile, writeWholeFile } from "../disk/disk.ts";

const BACKUP_FORMAT = 1;
const MANIFEST_BYTES_MAX = 1024 * 1024;

const EXTENT = v.object({
  size: v.pipe(v.number(), v.safeInteger()),
  root: v.string(),
  segments: v.record(v.string(), v.number()),
});
const MANIFEST = v.object({
  format: v.literal(BACKUP_FORMAT),
  /** Leaf hash of the history's first record, in hex. Identifies the server. */
  server: v.string(),
  history: EXTENT,
  accounts: EXTENT,
  files: v.boolean(),
  missingFiles: v.exactOptional(count),
  made: v.string(),
});
const NEWER = v.object({ format: v.pipe(count, v.gtValue(BACKUP_FORMAT)) });
const START_MARK = v.object({ server: v.fallback(v.optional(v.string()), undefined) });

export type LogExtent = v.InferOutput<typeof EXTENT>;
export type Manifest = v.InferOutput<typeof MANIFEST>;

const [MANIFEST_FILE, START_MARK_FILE] = BACKUP_MARKS;

export function readManifest(disk: Disk, folder: string): Manifest | undefined {
  const found = readJson(disk, folder, MANIFEST_FILE, v.union([MANIFEST, NEWER]));
  if (found === undefined || "server" in found) return found;
  const message = `${folder} is a backup of a newer version (format ${found.format})`;
  throw new Fault("version-unsupported", message, { remedy: "upgrade chat" });
}

export function writeManifest(
  disk: Disk,
  folder: string,
  manifest: Omit<Manifest, "format">,
): Promise<void> {
  return writeJson(disk, folder, MANIFEST_FILE, { format: BACKUP_FORMAT, ...manifest });
}

export function readStartMark(disk: Disk, folder: string): string | undefined {
  return readJson(disk, folder, START_MARK_FILE, START_MARK)?.server;
}

export function writeStartMark(disk: Disk, folder: string, server: string): Promise<void> {
  return writeJson(disk, folder, START_MARK_FILE, { server });
}

export function removeStartMark(disk: Disk, folder: string): Promise<void> {
  return removeFile(disk, join(folder, START_MARK_FILE));
}

export function removeManifest(disk: Disk, folder: string): Promise<void> {
  return removeFile(disk, join(folder, MANIFEST_FILE));
}

export const BACKUP_FILES: readonly string[] = [
  START_MARK_FILE,
  `${START_MARK_FILE}.tmp`,
  MANIFEST_FILE,
];

function readJson<Schema extends v.GenericSchema>(
  disk: Disk,
  folder: string,
  name: string,
  schema: Schema,
): v.InferOutput<Schema> | undefined {
  const path = join(folder, name);
  const bytes = readWholeFile(disk, path, MANIFEST_BYTES_MAX);
  const value = bytes && parseJson(schema, bytes);
  if (bytes === undefined || value !== undefined) return value;
  throw new Fault("log-corrupt", `${path} is damaged`, { remedy: "create a backup elsewhere" });
}

function writeJson(disk: Disk, folder: string, name: string, value: object): Promise<void> {
  const text = `${JSON.stringify(value, undefined, 2)}\n`;
  return writeWholeFile(disk, join(folder, name), utf8Encode(text));
}
