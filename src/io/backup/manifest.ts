/** Manifest of a backup, `backup.json`. */

// The manifest is written last. A folder without a manifest is not a complete backup.

import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { isCount } from "../../base/values.ts";
import { type JsonObject, parseObject } from "../../wire/record.ts";
import { BACKUP_MARKS } from "../disk/data-folder.ts";
import type { Disk } from "../disk/disk.ts";
import { readWholeFile, writeWholeFile } from "../disk/whole-file.ts";

const FORMAT = 1;
const MANIFEST_BYTES_MAX = 1024 * 1024;

export interface LogExtent {
  readonly size: number;
  readonly root: string;
  readonly segments: Readonly<Record<string, number>>;
}

export interface Manifest {
  readonly format: number;
  /** Leaf hash of the history's first record, in hex. Identifies the server. */
  readonly server: string;
  readonly history: LogExtent;
  readonly accounts: LogExtent;
  readonly files: boolean;
  readonly missingFiles?: number;
  readonly made: string;
}

const [MANIFEST_FILE, START_MARK_FILE] = BACKUP_MARKS;

export function readManifest(disk: Disk, folder: string): Manifest | undefined {
  const value = readJson(disk, join(folder, MANIFEST_FILE));
  if (value === undefined) return undefined;
  const { format } = value;
  if (Number.isSafeInteger(format) && Number(format) > FORMAT) {
    const message = `${folder} is a backup of a newer version (format ${format})`;
    throw new Fault("version-unsupported", message, { remedy: "upgrade chat" });
  }
  if (!isManifest(value))
    throw new Fault("log-corrupt", `${join(folder, MANIFEST_FILE)} is damaged`);
  return value;
}

export function writeManifest(
  disk: Disk,
  folder: string,
  manifest: Omit<Manifest, "format">,
): Promise<void> {
  return writeJson(disk, folder, MANIFEST_FILE, { format: FORMAT, ...manifest });
}

export function readStartMark(disk: Disk, folder: string): string | undefined {
  const server = readJson(disk, join(folder, START_MARK_FILE))?.["server"];
  return typeof server === "string" ? server : undefined;
}

export function writeStartMark(disk: Disk, folder: string, server: string): Promise<void> {
  return writeJson(disk, folder, START_MARK_FILE, { server });
}

export function removeStartMark(disk: Disk, folder: string): void {
  disk.remove(join(folder, START_MARK_FILE));
}

export function removeManifest(disk: Disk, folder: string): void {
  disk.remove(join(folder, MANIFEST_FILE));
}

export const BACKUP_FILES: readonly string[] = [
  START_MARK_FILE,
  `${START_MARK_FILE}.tmp`,
  MANIFEST_FILE,
];

function readJson(disk: Disk, path: string): JsonObject | undefined {
  const bytes = readWholeFile(disk, path, MANIFEST_BYTES_MAX);
  if (bytes === undefined) return undefined;
  const value = parseObject(bytes);
  if (value !== undefined) return value;
  throw new Fault("log-corrupt", `${path} is damaged`, { remedy: "create a backup elsewhere" });
}

function writeJson(disk: Disk, folder: string, name: string, value: object): Promise<void> {
  const text = `${JSON.stringify(value, undefined, 2)}\n`;
  return writeWholeFile(disk, join(folder, name), new TextEncoder().encode(text), folder);
}

function isManifest(value: JsonObject): value is JsonObject & Manifest {
  const { format, server, history, accounts, missingFiles = 0 } = value;
  if (format !== FORMAT || typeof server !== "string" || !isCount(missingFiles)) return false;
  return [history, accounts].every(isExtent);
}

function isExtent(value: unknown): value is LogExtent {
  if (typeof value !== "object" || value === null) return false;
  const { size, root, segments } = value as JsonObject;
  if (!Number.isSafeInteger(size) || typeof root !== "string") return false;
  return typeof segments === "object" && segments !== null;
}
