import { expect, test } from "bun:test";
import { ensureReserve, syncWithParents } from "../../../src/io/disk/disk.ts";
import { rejection } from "../../rejection.ts";
import { type DiskCall, type DiskFailure, SimDisk } from "../disk/sim.ts";

const FOLDER = "/data/history";
const RESERVE = "/data/reserve";

function diskWith(failure: (call: DiskCall, path: string) => DiskFailure | undefined): SimDisk {
  const disk = new SimDisk({ random: () => 0, failure });
  disk.makeFolder(FOLDER);
  return disk;
}

test("syncs all readable parent folders", async () => {
  const synced: string[] = [];
  const failing = (at: string, failure: DiskFailure) =>
    diskWith((call, path) => {
      if (call !== "syncFolder") return undefined;
      synced.push(path);
      return path === at ? failure : undefined;
    });
  await syncWithParents(failing("", "EIO"), FOLDER);
  await syncWithParents(failing("/data", "EACCES"), FOLDER);
  expect(synced).toEqual([FOLDER, "/data", "/", FOLDER, "/data"]);
  for (const at of [FOLDER, "/"]) {
    expect(await rejection(syncWithParents(failing(at, "EIO"), FOLDER))).toMatchObject({
      code: "EIO",
    });
  }
});

test("creates a reserve once, and not on a full disk", async () => {
  let failure: DiskFailure | undefined;
  const disk = diskWith((call) => (call === "write" ? failure : undefined));
  const made = () => (disk.exists(RESERVE) ? disk.fileAt(RESERVE).visible.length : undefined);
  failure = "ENOSPC";
  await ensureReserve(disk, RESERVE, 600);
  expect(made()).toBeUndefined();
  failure = "EIO";
  expect(await rejection(ensureReserve(disk, RESERVE, 600))).toMatchObject({ code: "EIO" });
  disk.remove(RESERVE);
  failure = undefined;
  for (const sizeBytes of [600, 900]) await ensureReserve(disk, RESERVE, sizeBytes);
  expect(made()).toBe(600);
});
