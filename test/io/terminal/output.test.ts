import { expect, test } from "bun:test";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { screenOutput } from "../../../src/io/terminal/output.ts";
import { tempFolder } from "../../temp-folder.ts";

test.skipIf(process.platform !== "linux")("writes again after its disk was full", async () => {
  const path = join(tempFolder(), "log");
  const faults: unknown[] = [];
  const fd = openSync("/dev/full", "w");
  const output = screenOutput(fd, (fault) => faults.push(fault?.code));
  for (const line of ["one\n", "two\n"]) {
    output.write(line);
    await output.flushed();
  }
  expect(output.queuedBytes()).toBe(0);
  // The lowest free descriptor is used, so that the output writes to the file.
  closeSync(fd);
  expect(openSync(path, "w")).toBe(fd);
  output.write("three\n");
  await output.flushed();
  expect(readFileSync(path, "utf8")).toBe("three\n");
  expect(faults).toEqual(["store-full"]);
  expect(output.fault()?.code).toBe("store-full");
  closeSync(fd);
  output.write("four\n");
  await output.flushed();
  expect(faults).toHaveLength(2);
});
