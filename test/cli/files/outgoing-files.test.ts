import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../../../src/cli/context.ts";
import { openAgain } from "../../../src/cli/files/outgoing-files.ts";
import { openSource } from "../../../src/io/file/source.ts";
import { rejection } from "../../rejection.ts";
import { tempFolder } from "../../temp-folder.ts";

const CONTEXT = {} as Context;

test("asks before it sends a file that has changed since its message was written", async () => {
  const path = join(tempFolder(), "a.txt");
  writeFileSync(path, "one");
  const written = await openSource(path);
  const { stamp = "" } = written;
  written.close();
  const file = { name: "a.txt", source: { path, stamp } };
  const { source, stored } = await openAgain(CONTEXT, file, false);
  source.close();
  expect(stored).toEqual(file.source);
  writeFileSync(path, "two");
  const fault = await rejection(openAgain(CONTEXT, file, false));
  expect(fault).toMatchObject({ code: "file-changed", remedy: "send it again?" });
  const again = await openAgain(CONTEXT, file, true);
  again.source.close();
  expect(again.stored.stamp).not.toBe(stamp);
  const gone = { ...file, source: { path: `${path}.gone`, stamp } };
  expect(await rejection(openAgain(CONTEXT, gone, true))).toMatchObject({ code: "not-found" });
  const stream = { name: "pipe", source: { path } };
  expect(await rejection(openAgain(CONTEXT, stream, true))).toMatchObject({ code: "file-unknown" });
});
