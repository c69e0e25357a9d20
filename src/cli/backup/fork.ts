/** Gives a restored log a new origin, by which clients recognise the restore. */

import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { Identity } from "../../crypto/identity.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { Clock } from "../../io/clock.ts";
import { readSmallFile } from "../../io/disk/data-folder.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";
import { systemEntropy } from "../../io/entropy.ts";
import { type LogFile, openLog } from "../../io/log/log-file.ts";
import { openCheckpoints } from "../serve/checkpoints.ts";

/**
 * Appends the `fork` record and signs a new checkpoint. No server may be using the folder.
 * @param newestNote newest known checkpoint of the log before the restore
 */
export async function forkLog(
  path: string,
  newestNote: string | undefined,
  clock: Clock,
): Promise<void> {
  const identityPath = join(path, "identity.key");
  const pem = readSmallFile(identityPath);
  if (pem === undefined) {
    throw new Fault("not-found", `${identityPath} is missing`, { remedy: "use another backup" });
  }
  const identity = Identity.fromPem(pem, identityPath);
  const disk = systemDisk();
  const open = (name: string) =>
    openLog({ folder: join(path, name), disk, clock, entropy: systemEntropy(), sha256 });
  const accounts = await open("accounts");
  let history: LogFile | undefined;
  try {
    history = await open("history");
    const from = newestNote === undefined ? {} : { from: newestNote };
    const body = { ...from, keptSize: history.head() };
    const room = "server" as RoomId;
    await history.append({ kind: "fork", room, by: "server", id: "", body });
    const onWriteError = (fault: Fault) => {
      throw fault;
    };
    const logs = { history, accounts, path, identity };
    const checkpoints = await openCheckpoints({ ...logs, disk, clock, sha256, onWriteError });
    await checkpoints.close();
  } finally {
    await history?.close();
    await accounts.close();
  }
}
