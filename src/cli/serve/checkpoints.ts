/** Signed checkpoints of a server's logs. */

import { join } from "node:path";
import type { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { signCheckpoint } from "../../crypto/checkpoint.ts";
import type { Identity } from "../../crypto/identity.ts";
import type { Clock } from "../../io/clock.ts";
import type { Disk } from "../../io/disk/disk.ts";
import { Checkpoints } from "../../io/log/checkpoints.ts";
import type { Log } from "../../io/log/log.ts";
import type { LogFile } from "../../io/log/log-file.ts";
import { LogProofs } from "../../io/log/proofs.ts";
import type { Provable } from "../../server/rooms/proofs.ts";
import type { Checkpoint } from "../../wire/checkpoint.ts";

export interface CheckpointOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly path: string;
  readonly identity: Identity;
  readonly history: LogFile;
  readonly accounts: LogFile;
  readonly recordLog?: Pick<Log, "appendThen">;
  readonly onWriteError: (fault: Fault) => void;
}

export interface OpenCheckpoints {
  readonly provable: Provable;
  /** Signs the latest records. Call it before closing the logs. */
  close(): Promise<void>;
}

/** The server signs both logs, but proves only the history to clients. */
export async function openCheckpoints(options: CheckpointOptions): Promise<OpenCheckpoints> {
  const { path, identity, history, accounts, recordLog: recordIn = history, sha256 } = options;
  const common = {
    disk: options.disk,
    clock: options.clock,
    onWriteError: options.onWriteError,
    sign: (checkpoint: Checkpoint) => signCheckpoint(checkpoint, identity),
  };
  const historyCheckpoints = new Checkpoints({
    ...common,
    log: history,
    isRecorded: true,
    recordIn,
    folder: join(path, "history"),
  });
  const accountsCheckpoints = new Checkpoints({
    ...common,
    log: accounts,
    isRecorded: false,
    folder: join(path, "accounts"),
  });
  await accountsCheckpoints.start();
  await historyCheckpoints.start();
  const close = async () => {
    await accountsCheckpoints.close();
    await historyCheckpoints.close();
  };
  return {
    provable: { checkpoints: historyCheckpoints, proofs: new LogProofs(history, sha256) },
    close,
  };
}
