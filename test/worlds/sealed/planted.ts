import type { RoomId } from "../../../src/base/ids.ts";
import { KEY_PACKAGES_PER_HOUR } from "../../../src/base/limits-sealed.ts";
import { FileIndex } from "../../../src/client/sealed/file-index.ts";
import { Sealing } from "../../../src/client/sealed/sealing.ts";
import { Vault } from "../../../src/client/sealed/vault.ts";
import { Rooms } from "../../../src/core/rooms/rooms.ts";
import { KeyPackageStore, tooManyClaims } from "../../../src/server/sealed/key-packages.ts";
import type { Temper } from "./world.ts";

export interface SealedMutant {
  readonly isBackupWithoutGroups?: boolean;
  /** Makes what the bug needs frequent. */
  readonly temper?: Partial<Temper>;
  /** Changes the program, and returns a function that reverts the change. */
  readonly plant?: () => () => void;
}

/** Bugs that the program once had. */
export const PLANTED: Readonly<Record<string, SealedMutant>> = {
  "a backup without GroupInfos": { isBackupWithoutGroups: true },
  "a lost GroupInfo is not published again": {
    plant: () => replaced(Sealing.prototype, "publishGroupInfo", () => () => undefined),
  },
  "key packages are judged by the server's time alone": { plant: withoutDeviceTime },
  "key packages of any time are sufficient": { plant: withoutReplacement },
  "no key packages beyond the hourly limit": { plant: withoutLastResort },
  "a removed user who never joined may still join": { plant: withLastingInvitations },
  "an accepted history is not adopted": {
    temper: { restores: 2 },
    plant: () => withoutRows(({ history }) => history === "accepted"),
  },
  "edits of erased messages remain": {
    temper: { files: 0, steps: 90 },
    plant: () => withoutRows(({ reason }) => reason === "erased"),
  },
  "files of messages are not indexed": {
    plant: () => replaced(FileIndex.prototype, "addRecord", () => () => Promise.resolve()),
  },
};

function replaced<Target extends object, Key extends keyof Target>(
  target: Target,
  key: Key,
  replace: (original: Target[Key]) => Target[Key],
): () => void {
  const original = target[key];
  target[key] = replace(original);
  return () => {
    target[key] = original;
  };
}

interface StoredRow {
  readonly history?: string;
  readonly reason?: string;
}

/** Rows that the condition names are not stored. */
function withoutRows(isLost: (row: StoredRow) => boolean): () => void {
  return replaced(Vault.prototype, "put", (put) => {
    return async function (this: Vault, key, value) {
      if (!isLost(value as StoredRow)) await put.call(this, key, value);
    };
  });
}

function withoutDeviceTime(): () => void {
  const store = KeyPackageStore.prototype;
  const undoAdd = replaced(store, "add", (add) => {
    return function (this: KeyPackageStore, device, packages, lastResort) {
      return add.call(this, device, packages, lastResort);
    };
  });
  const undoClaim = replaced(store, "claim", (claim) => {
    return function (this: KeyPackageStore, device, options = {}) {
      const { timeUnixMs: _, isValidOnly: __, ...others } = options;
      return claim.call(this, device, others);
    };
  });
  return () => {
    undoAdd();
    undoClaim();
  };
}

function withoutLastResort(): () => void {
  return replaced(KeyPackageStore.prototype, "countClaim", (countClaim) => {
    return function (this: KeyPackageStore, by, of) {
      const claim = countClaim.call(this, by, of);
      if (claim.onceAfterMs > 0) throw tooManyClaims(KEY_PACKAGES_PER_HOUR, claim.onceAfterMs);
      return claim;
    };
  });
}

function withLastingInvitations(): () => void {
  return replaced(Rooms.prototype, "apply", (apply) => {
    return function (this: Rooms, record) {
      const { kind, room } = record.head;
      const admitted = [...(this.get(room as RoomId)?.admitted ?? [])];
      apply.call(this, record);
      if (kind === "kick")
        for (const user of admitted) this.get(room as RoomId)?.admitted.add(user);
    };
  });
}

/** A device that has ever added packages adds no others. */
function withoutReplacement(): () => void {
  const stocked = new Set<string>();
  return replaced(KeyPackageStore.prototype, "add", (add) => {
    return async function (this: KeyPackageStore, device, packages, ...rest) {
      const answer = await add.call(this, device, packages, ...rest);
      const before = stocked.has(device);
      if (packages.length > 0) stocked.add(device);
      return before ? { left: 50, lastResort: true } : answer;
    };
  });
}
