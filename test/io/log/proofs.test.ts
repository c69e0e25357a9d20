import { expect, test } from "bun:test";
import { GROUP_LEAVES } from "../../../src/core/log/merkle.ts";
import { verifyConsistency, verifyInclusion } from "../../../src/core/log/proofs.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { LogProofs } from "../../../src/io/log/proofs.ts";
import { rejection } from "../../rejection.ts";
import { draftOf, LOBBY, LogFixture, OTHER } from "../log-fixture.ts";

test("proves records of all segments during appends", async () => {
  const fixture = new LogFixture();
  const log = await fixture.open({ segmentBytes: 20_000 });
  const size = 2 * GROUP_LEAVES + 100;
  const roots = [log.tree.root()];
  for (let i = 0; i < size; i++) {
    await log.append(draftOf(`m${i}`, i % 2 === 0 ? LOBBY : OTHER));
    roots.push(log.tree.root());
  }
  const root = log.tree.root();
  const proofs = new LogProofs(log, sha256);
  const seqs = [1, 2, 255, 256, 257, 400, size - 1, size];
  const filling = Promise.all(
    Array.from({ length: 3 * GROUP_LEAVES }, (_, i) => log.append(draftOf(`later ${i}`))),
  );
  const proved = await proofs.inclusion(seqs, size, (room) => room === OTHER);
  expect(proved.map(({ seq }) => seq)).toEqual(seqs.filter((seq) => seq % 2 === 0));
  for (const { seq, leaf, path } of proved) {
    expect(verifyInclusion({ leaf, index: seq - 1, size, path, root }, sha256)).toBe(true);
  }
  await filling;
  const newSize = log.head();
  const newRoot = log.tree.root();
  for (const [oldSize, oldRoot] of roots.entries()) {
    const path = await proofs.consistency(oldSize, newSize);
    expect(verifyConsistency({ oldSize, oldRoot, newSize, newRoot, path }, sha256)).toBe(true);
    expect(await proofs.root(oldSize)).toEqual(oldRoot);
  }
});

test("shares one reading among concurrent clients, and forgets a failed one", async () => {
  const fixture = new LogFixture();
  const log = await fixture.open();
  await Promise.all(
    Array.from({ length: GROUP_LEAVES + 1 }, (_, i) => log.append(draftOf(`m${i}`))),
  );
  let opened = 0;
  fixture.failure = (call, path) => {
    if (call === "open" && path.endsWith(".jsonl")) opened += 1;
    return opened === 1 ? "EIO" : undefined;
  };
  const proofs = new LogProofs(log, sha256);
  const failing = proofs.consistency(100, log.head());
  expect(await rejection(failing)).toMatchObject({ code: "store-failed" });
  const paths = await Promise.all(
    Array.from({ length: 50 }, () => proofs.consistency(100, log.head())),
  );
  expect(new Set(paths.map((path) => path.length)).size).toBe(1);
  expect(opened).toBe(2);
});

test("never covers more than can be read", async () => {
  const fixture = new LogFixture();
  const log = await fixture.open();
  let remaining = 3 * GROUP_LEAVES;
  for (let i = remaining; i > 0; i--) void log.append(draftOf(`m${i}`)).then(() => remaining--);
  const observed = new Set<number>();
  while (remaining > 0) {
    observed.add(log.tree.size - log.head());
    await Promise.resolve();
  }
  expect([...observed]).toEqual([0]);
});
