import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nameOf } from "../../src/cli/system-user.ts";

test("a user has the name that the system has for them, whatever the environment says", () => {
  const folder = mkdtempSync(join(tmpdir(), "chat-passwd-"));
  const file = join(folder, "passwd");
  writeFileSync(file, "root:x:0:0:root:/root:/bin/sh\nana:x:1000:1000::/home/ana:/bin/sh\n");
  expect([nameOf(0, file), nameOf(1000, file), nameOf(7, file)]).toEqual([
    "root",
    "ana",
    undefined,
  ]);
  expect(nameOf(0, join(folder, "nothing"))).toBeUndefined();
  rmSync(folder, { recursive: true });
});
