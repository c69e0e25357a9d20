import { afterEach, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../../src/base/fault.ts";
import { diskFault } from "../../../src/io/disk/disk.ts";
import {
  listTemporaryFolders,
  makeTemporaryFolder,
  removeTemporaryFolder,
  temporaryFolderFault,
} from "../../../src/io/disk/temporary-folder.ts";
import { rejection } from "../../rejection.ts";
import { tempFolder } from "../../temp-folder.ts";
import { unprivileged } from "../../unprivileged.ts";

const before = process.env["TMPDIR"];

afterEach(() => {
  if (before === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = before;
});

const make = () => unprivileged(async () => makeTemporaryFolder("chat-x-"));

test.each([
  ["missing", "store-failed", "does not exist"],
  ["file", "store-failed", "is not a folder"],
  ["read-only", "store-denied", "permission denied"],
])("names a broken folder and the variable that sets it: %s", async (name, code, reason) => {
  const root = tempFolder();
  chmodSync(root, 0o755);
  writeFileSync(join(root, "file"), "");
  mkdirSync(join(root, "read-only"), { mode: 0o555 });
  process.env["TMPDIR"] = join(root, name);
  const fault = await rejection(make());
  expect(fault).toMatchObject({ code, exitCode: 1, remedy: expect.stringContaining("TMPDIR") });
  expect((fault as Error).message).toContain(join(root, name));
  expect((fault as Error).message).toContain(reason);
  expect(await unprivileged(() => listTemporaryFolders("chat-x-"))).toEqual([]);
});

test.each([
  ["store-full", "ENOSPC", "no space for"],
  ["store-failed", "EIO", "the disk failed at"],
])("names the folder of the user when a file in it is refused: %s", (code, errno, reason) => {
  process.env["TMPDIR"] = "/user/tmp";
  const refusal = Object.assign(new Error(errno), { code: errno });
  const fault = temporaryFolderFault(diskFault(refusal, "/user/tmp/chat-x-1/data"));
  expect(fault).toMatchObject({ code, remedy: expect.stringContaining("TMPDIR") });
  expect((fault as Fault).message).toContain(`${reason} /user/tmp`);
  expect((fault as Fault).message).not.toContain("chat-x-1");
});

test("leaves other faults as they are", () => {
  const cause = Object.assign(new Error(""), { code: "EADDRINUSE" });
  const fault = new Fault("port-taken", "in use", { cause });
  expect(temporaryFolderFault(fault)).toBe(fault);
});

test("needs no permission to list the folder", async () => {
  const root = tempFolder();
  chmodSync(root, 0o333);
  process.env["TMPDIR"] = root;
  const folder = await make();
  expect(await unprivileged(() => listTemporaryFolders("chat-x-"))).toEqual([]);
  chmodSync(root, 0o755);
  expect(listTemporaryFolders("chat-x-")).toEqual([folder]);
  removeTemporaryFolder(folder);
  expect(existsSync(folder)).toBe(false);
});
