import { Sealing } from "../../../src/client/sealed/sealing.ts";
import { KeyPackageStore } from "../../../src/server/sealed/key-packages.ts";

export interface SealedMutant {
  readonly isBackupWithoutGroups?: boolean;
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
