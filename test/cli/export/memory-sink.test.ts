import { expect, test } from "bun:test";
import { MemorySink } from "../../../src/cli/export/memory-sink.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { rejection } from "../../rejection.ts";

test("keeps its own copy, up to the size it was told", async () => {
  const sink = new MemorySink(4, sha256);
  const chunk = Uint8Array.of(1, 2, 3);
  await sink.append(sha256(chunk), chunk);
  chunk.fill(9);
  expect(sink.bytes()).toEqual(Uint8Array.of(1, 2, 3));
  expect(sink.digest()).toEqual(sha256(sha256(Uint8Array.of(1, 2, 3))));
  expect((await rejection(sink.append(sha256(chunk), chunk))).message).toContain(
    "larger than its record says",
  );
  await sink.restart();
  expect([sink.sizeBytes, sink.bytes().length, await sink.finish()]).toEqual([0, 0, ""]);
});
