/** Identity key of a server, created at its first start. */

import { join } from "node:path";
import { equalBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import type { Registry } from "../../core/rooms/accounts.ts";
import { signCheckpoint } from "../../crypto/checkpoint.ts";
import { Identity } from "../../crypto/identity.ts";
import { makeSuccession } from "../../crypto/succession.ts";
import type { Clock } from "../../io/clock.ts";
import { readOrCreateSmallFile, readSmallFile, writeSmallFile } from "../../io/disk/data-folder.ts";
import type { Disk } from "../../io/disk/disk.ts";
import { removePath } from "../../io/disk/open-elsewhere.ts";
import { Checkpoints } from "../../io/log/checkpoints.ts";
import type { Log } from "../../io/log/log.ts";
import type { LogFile } from "../../io/log/log-file.ts";
import { LogProofs } from "../../io/log/proofs.ts";
import type { Provable } from "../../server/rooms/proofs.ts";
import type { Checkpoint } from "../../wire/checkpoint.ts";

export interface IdentityOptions {
  readonly path: string;
  /** Whether clients may have pinned the identity. If so, a lost identity is not replaced. */
  readonly isUsed: boolean;
  readonly renew: boolean;
  readonly accounts: Pick<Log, "append">;
  readonly registry: Registry;
}

/** @throws {Fault} data-foreign, store-… */
export async function loadIdentity(options: IdentityOptions): Promise<Identity> {
  const { path, isUsed, renew } = options;
  const file = join(path, "identity.key");
  const draft = `${file}.next`;
  finishRenewal(file, draft, options.registry);
  const stored = readSmallFile(file);
  if (isUsed && stored === undefined) {
    // Clients would reject a new identity, and it would hide the loss of the old one.
    throw new Fault("data-foreign", `${file}, which contains the server's identity, is missing`, {
      remedy: "restore it from a backup",
    });
  }
  const pem = await readOrCreateSmallFile(file, () => Identity.generate().toPem());
  const identity = Identity.fromPem(pem, file);
  return renew && stored !== undefined ? renewIdentity(identity, file, draft, options) : identity;
}

/** The new key is on disk before the old key signs it, and only then replaces the old key. */
async function renewIdentity(
  old: Identity,
  file: string,
  draft: string,
  { accounts, registry }: IdentityOptions,
): Promise<Identity> {
  const next = Identity.generate();
  writeSmallFile(draft, next.toPem());
  const { key, signature } = makeSuccession(old, next.publicKey);
  await accounts.append(registry.identityDraft(key, next.publicKey, signature));
  writeSmallFile(file, next.toPem());
  removePath(draft);
  return next;
}

/**
 * Completes an interrupted renewal if the old key has signed the new key; otherwise discards it.
 */
function finishRenewal(file: string, draft: string, { successor }: Registry): void {
  const pem = readSmallFile(draft);
  if (pem === undefined) return;
  const next = Identity.fromPem(pem, draft);
  const isSigned = successor !== undefined && equalBytes(next.publicKey, successor);
  if (isSigned) writeSmallFile(file, pem);
  removePath(draft);
}

export interface CheckpointOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly path: string;
  readonly identity: Identity;
  readonly history: LogFile;
  readonly accounts: LogFile;
  readonly hasUncommittedAct?: boolean;
  readonly isOwn?: (seq: number) => boolean;
  readonly recordLog?: Pick<Log, "appendThen">;
  readonly onWriteError: (fault: Fault) => void;
}

export interface OpenCheckpoints {
  readonly provable: Provable;
  /** Signs the latest records. Call it before closing the logs. */
  close(): Promise<void>;
}

/** A checkpoint of the history commits to the accounts log, so that clients can pin both. */
export async function openCheckpoints(options: CheckpointOptions): Promise<OpenCheckpoints> {
  const { path, identity, history, accounts, recordLog: recordIn = history, sha256 } = options;
  const { hasUncommittedAct = false, isOwn = () => true } = options;
  const common = {
    disk: options.disk,
    clock: options.clock,
    onWriteError: options.onWriteError,
    sign: (checkpoint: Checkpoint, committed: Checkpoint | undefined) =>
      signCheckpoint(checkpoint, identity, committed),
  };
  const historyCheckpoints = new Checkpoints({
    ...common,
    log: history,
    accounts,
    hasUncommittedAct,
    isOwn,
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
    provable: {
      checkpoints: historyCheckpoints,
      proofs: new LogProofs(history, sha256),
      accounts: new LogProofs(accounts, sha256, true),
      accountsLog: accounts,
    },
    close,
  };
}
