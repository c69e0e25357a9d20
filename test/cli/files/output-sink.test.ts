import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { OutputSink } from "../../../src/cli/files/receive-file.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { FakeOutput } from "../../commands/fake-world.ts";
import { rejection } from "../../rejection.ts";
import { digestOf } from "../../wire/digest.ts";

test("writes verified chunks in order, and cannot take them back", async () => {
  const output = new FakeOutput(false);
  const sink = new OutputSink(output);
  await sink.restart();
  const chunks = ["one", "two"].map((text) => Buffer.from(text));
  const hashes = chunks.map((chunk) => sha256(chunk));
  for (const [i, chunk] of chunks.entries()) await sink.append(hashes[i] as Uint8Array, chunk);
  expect([output.text, sink.sizeBytes, await sink.finish()]).toEqual(["onetwo", 6, "-"]);
  expect(sink.digest()).toEqual(digestOf(hashes, sha256));
  const fault = await rejection(sink.restart());
  expect(fault instanceof Fault && fault.code).toBe("checksum-wrong");
});
