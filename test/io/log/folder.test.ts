import { expect, test } from "bun:test";
import { ensureReserve, syncWithParents } from "../../../src/io/log/folder.ts";
import { rejection } from "../../rejection.ts";
import { type DiskCall, SimDisk, type Trouble } from "../disk/sim.ts";

const FOLDER = "/data/history";
const RESERVE = "/data/reserve";

function diskWith(trouble: (call: DiskCall, path: string) => Trouble | undefined): SimDisk {
  const disk = new SimDisk({ random: () => 0, trouble });
  disk.makeFolder(FOLDER);
  return disk;
}

test("syncs all readable parent folders", async () => {
  const synced: string[] = [];
  const failing = (at: string, trouble: Trouble) =>
    diskWith((call, path) => {
      if (call !== "syncFolder") return undefined;
      synced.push(path);
      return path === at ? trouble : undefined;
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
  let trouble: Trouble | undefined;
  const disk = diskWith((call) => (call === "write" ? trouble : undefined));
  const made = () => (disk.exists(RESERVE) ? disk.fileAt(RESERVE).shown.length : undefined);
  trouble = "ENOSPC";
  await ensureReserve(disk, RESERVE, 600);
  expect(made()).toBeUndefined();
  trouble = "EIO";
  expect(await rejection(ensureReserve(disk, RESERVE, 600))).toMatchObject({ code: "EIO" });
  disk.remove(RESERVE);
  trouble = undefined;
  for (const sizeBytes of [600, 900]) await ensureReserve(disk, RESERVE, sizeBytes);
  expect(made()).toBe(600);
});
