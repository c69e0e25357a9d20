import { join } from "node:path";
import { equalBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { counted } from "../../base/sizes.ts";
import type { LogPin } from "../../core/client/audit.ts";
import { MerkleTree } from "../../core/log/merkle.ts";
import type { ProofFile } from "../../core/log/proof-file.ts";
import { inclusionPath, type Nodes } from "../../core/log/proofs.ts";
import { verifyNote } from "../../crypto/checkpoint.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { checkDataFolder } from "../../io/disk/data-folder.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";
import { linesOf, scanBlocks } from "../../io/log/scan.ts";
import { listSegments, segmentName } from "../../io/log/segment.ts";
import type { Finding } from "../../io/log/verify.ts";
import { type LogRecord, leafHash, parseHead, parseLine } from "../../wire/record.ts";
import type { FolderVerdict } from "./folder.ts";

/** What this device was shown by the server must still be in its folder. */
export async function findUnlikePinned(
  path: string,
  { history }: Pick<FolderVerdict, "history">,
  pin: LogPin,
): Promise<Finding | undefined> {
  const folder = join(checkDataFolder(path), "history");
  const at = { seq: 1, file: folder, offset: 0 };
  if (history.origin !== pin.origin) {
    const other = `${pin.origin} with ${counted(pin.size, "record")}`;
    const reason = `this device has seen another history, ${other}`;
    return { ...at, reason };
  }
  if (history.size < pin.size) {
    const size = counted(history.size, "record");
    const reason = `it has ${size}, and this device has seen ${pin.size}`;
    return { ...at, seq: history.size + 1, reason };
  }
  const { leaves } = await readLeaves(folder, pin.size, 0);
  if (leaves.length === pin.size && equalBytes(rootOver(leaves), pin.root)) return undefined;
  return { ...at, reason: `its first ${pin.size} records are not those that this device has seen` };
}

/** The proof of one record of the history. @throws Fault not-found */
export async function proveInFolder(
  path: string,
  { key, history: { checkpoint: note } }: Pick<FolderVerdict, "history" | "key">,
  seq: number,
): Promise<ProofFile> {
  const folder = join(checkDataFolder(path), "history");
  const size = note === undefined ? 0 : verifyNote(note, key).size;
  const { leaves, record } = await readLeaves(folder, size, seq);
  if (note === undefined || record === undefined) {
    throw new Fault("not-found", `record ${seq} is not among the ${size} that are signed`, {
      remedy: "choose a smaller number",
    });
  }
  const nodes: Nodes = (level, index) =>
    rootOver(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));
  const { headBytes: head, salt, bodyBytes: body } = record;
  return { key, seq, head, salt, body, path: inclusionPath(seq - 1, size, nodes, sha256), note };
}

function rootOver(leaves: readonly Uint8Array[]): Uint8Array {
  const tree = new MerkleTree(sha256);
  for (const leaf of leaves) tree.append(leaf);
  return tree.root();
}

interface Leaves {
  readonly leaves: readonly Uint8Array[];
  readonly record: LogRecord | undefined;
}

/** Of the first `size` records, as far as they can be read. */
async function readLeaves(folder: string, size: number, wanted: number): Promise<Leaves> {
  const disk = systemDisk();
  const leaves: Uint8Array[] = [];
  let record: LogRecord | undefined;
  for (const first of listSegments(disk, folder)) {
    const file = disk.open(join(folder, segmentName(first)), "read");
    try {
      for await (const block of scanBlocks(file, 0, file.sizeBytes())) {
        for (const { bytes } of linesOf(block)) {
          if (leaves.length === size) return { leaves, record };
          const parsed = parseLine(bytes);
          const read = parsed.kind === "record" ? parsed.record : parseHead(bytes)?.record;
          if (read === undefined) return { leaves, record };
          leaves.push(leafHash(read.headBytes, sha256));
          if (leaves.length === wanted) record = read;
        }
      }
    } finally {
      file.close();
    }
  }
  return { leaves, record };
}
