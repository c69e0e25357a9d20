/** File of the latest signed checkpoint. */

import { join } from "node:path";
import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { NOTE_BYTES_MAX } from "../../base/limits.ts";
import { type Checkpoint, parseCheckpoint, parseNote } from "../../wire/checkpoint.ts";
import type { Disk } from "../disk/disk.ts";
import { readWholeFile, writeWholeFile } from "../disk/whole-file.ts";

export interface StoredCheckpoint {
  readonly note: string;
  readonly checkpoint: Checkpoint;
}

export const LOG_ROOM = "server" as RoomId;

export function checkpointPath(folder: string): string {
  return join(folder, "checkpoint");
}

/** @throws {Fault} log-corrupt if the file is not a checkpoint, store-… if it cannot be read */
export function readCheckpointFile(disk: Disk, folder: string): StoredCheckpoint | undefined {
  const path = checkpointPath(folder);
  try {
    const bytes = readWholeFile(disk, path, NOTE_BYTES_MAX);
    if (bytes === undefined) return undefined;
    const note = utf8Decode(bytes);
    return { note, checkpoint: parseCheckpoint(parseNote(note).text) };
  } catch (error) {
    if (error instanceof Fault && error.blame === "host" && error.code !== "data-foreign") {
      throw error;
    }
    throw new Fault("log-corrupt", `${path} is not a signed checkpoint`, {
      remedy: "restore it from a backup, or start with --accept-loss",
      cause: error,
    });
  }
}

export function writeCheckpointFile(disk: Disk, folder: string, note: string): Promise<void> {
  return writeWholeFile(disk, checkpointPath(folder), utf8Encode(note));
}
