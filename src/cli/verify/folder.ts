/** Verifies the logs in a data folder. */

import { join } from "node:path";
import { tryBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { hasSigned } from "../../crypto/checkpoint.ts";
import { Identity, verifySignature } from "../../crypto/identity.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { successorBytes } from "../../crypto/signed-bytes.ts";
import { checkDataFolder, readSmallFile } from "../../io/disk/data-folder.ts";
import type { Disk } from "../../io/disk/disk.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";
import { type LogVerdict, verifyLog } from "../../io/log/verify.ts";
import { bodyOf, type FoldedRecord } from "../../wire/record.ts";

export interface FolderVerdict {
  readonly ok: boolean;
  readonly history: LogVerdict;
  readonly accounts: LogVerdict;
  readonly key: Uint8Array;
}

/**
 * Verifies both logs in a data folder or backup with the server's own key. Takes no lock, so the
 * server may be running. Cannot detect a log that the server rewrote and signed again.
 * @param path data folder or backup, with `identity.key`
 * @throws {Fault} not-found, data-foreign, store-…, version-unsupported
 */
export async function verifyFolder(
  path: string,
  disk: Disk = systemDisk(),
): Promise<FolderVerdict> {
  const folder = checkDataFolder(path);
  const file = join(folder, "identity.key");
  const pem = readSmallFile(file);
  if (pem === undefined) {
    const remedy = "specify a data folder, or a backup that contains the identity";
    throw new Fault("not-found", `no such file: ${file}`, { remedy });
  }
  const key = Identity.fromPem(pem, file).publicKey;
  const keys = await keysOf(disk, join(folder, "accounts"), key);
  const isSigned = (note: string) => keys.some((signer) => hasSigned(note, signer));
  const accounts = await verifyLog({ disk, folder: join(folder, "accounts"), sha256, isSigned });
  const history = await verifyLog({ disk, folder: join(folder, "history"), sha256, isSigned });
  return { ok: accounts.ok && history.ok, history, accounts, key };
}

/** A predecessor's key is accepted only if it has signed its successor. */
async function keysOf(disk: Disk, folder: string, key: Uint8Array): Promise<Uint8Array[]> {
  const keys = [key];
  const records: FoldedRecord[] = [];
  const onRecord = (record: FoldedRecord) => records.push(record);
  await verifyLog({
    disk,
    folder,
    sha256,
    isSigned: () => true,
    kinds: new Set(["identity"]),
    onRecord,
  });
  for (const record of records.toReversed()) {
    const body = bodyOf(record, "identity") ?? {};
    const [former, next, signature] = [body.old, body.new, body.signature].map(tryBase64Url);
    const [oldest = key] = keys.slice(-1);
    if (former === undefined || signature === undefined) continue;
    if (next?.toHex() !== oldest.toHex()) continue;
    if (verifySignature(former, successorBytes(next), signature)) keys.push(former);
  }
  return keys;
}
