import { expect, test } from "bun:test";
import { PROOFS_TOGETHER_MAX } from "../../../src/base/limits.ts";
import { verifyConsistency, verifyInclusion } from "../../../src/core/log/proofs.ts";
import { verifyNote } from "../../../src/crypto/checkpoint.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { Checkpoint } from "../../../src/wire/checkpoint.ts";
import { leafHash } from "../../../src/wire/record.ts";
import type { Guest } from "../guest.ts";
import { Site } from "../site.ts";

interface Pin extends Checkpoint {
  readonly path: readonly Uint8Array[];
}

async function checkpoint(guest: Guest, from = 0): Promise<Pin> {
  const { note, path } = await guest.ask("checkpoint", { from });
  return { ...verifyNote(note, guest.site.identity.publicKey), path };
}

function continues(old: Checkpoint, { size, root, path }: Pin): boolean {
  const proof = { oldSize: old.size, oldRoot: old.root, newSize: size, newRoot: root, path };
  return verifyConsistency(proof, sha256);
}

/** More than one group of leaves. */
async function talk(guest: Guest, count: number): Promise<void> {
  await guest.site.wait(Promise.all(Array.from({ length: count }, (_, i) => guest.say(`m${i}`))));
  await guest.site.time.advance(1_000);
}

test("each checkpoint is signed, and proved to continue the one before", async () => {
  const site = await Site.open({ signs: true });
  const ana = await site.member("ana");
  const pins = [await checkpoint(ana)];
  for (const count of [1, 300, 7, 256, 0]) {
    await talk(ana, count);
    const newest = await checkpoint(ana, pins.at(-1)?.size);
    expect(newest.size).toBe(site.history.head());
    expect(newest.origin).toBe(pins[0]?.origin ?? "");
    for (const pin of pins) {
      const later = await checkpoint(ana, pin.size);
      expect(continues(pin, later)).toBe(true);
      expect(continues({ ...pin, root: sha256(pin.root) }, later)).toBe(false);
    }
    pins.push(newest);
  }
  await site.restart();
  const again = await site.again(ana, "ana");
  for (const pin of pins) expect(continues(pin, await checkpoint(again, pin.size))).toBe(true);
});

test("within a second the same again, and a newer one for who knows of more records", async () => {
  const site = await Site.open({ signs: true });
  const ana = await site.member("ana");
  const before = await checkpoint(ana);
  const { seq } = await site.wait(ana.say("just now"));
  expect((await checkpoint(ana, before.size)).size).toBe(before.size);
  expect((await checkpoint(ana, seq)).size).toBe(seq);
  expect(continues(before, await checkpoint(ana, before.size))).toBe(true);
});

test("to a size that is not known the newest checkpoint is answered, without a path", async () => {
  const site = await Site.open({ signs: true });
  const ana = await site.member("ana");
  const newest = await checkpoint(ana, 1_000_000);
  expect(newest.size).toBe(site.history.head());
  expect(newest.path).toEqual([]);
  expect((await checkpoint(ana, newest.size)).path).toEqual([]);
});

test("records of the asker's rooms are proved to be in the log, and no others", async () => {
  const site = await Site.open({ signs: true });
  const [ana, ben] = [await site.member("ana"), await site.member("ben")];
  await ana.ask("join", { room: "cellar", create: true });
  const { seq: hidden } = await site.wait(ana.say("secret", "cellar"));
  await talk(ben, 400);
  const { size, root } = await checkpoint(ben);
  const { records } = await ben.ask("history", { target: "lobby", limit: PROOFS_TOGETHER_MAX - 2 });
  const known = records.map(({ head }) => {
    const { seq } = JSON.parse(Buffer.from(head).toString()) as { seq: number };
    return { seq, leaf: leafHash(head, sha256) };
  });
  const seqs = [hidden, ...known.map(({ seq }) => seq), size + 1];
  const { proofs } = await ben.ask("inclusion", { size, seqs });
  expect(proofs.map(({ seq, leaf }) => ({ seq, leaf }))).toEqual(known);
  for (const { seq, leaf, path } of proofs) {
    expect(verifyInclusion({ leaf, index: seq - 1, size, path, root }, sha256)).toBe(true);
  }
  const own = await ana.ask("inclusion", { size, seqs: [hidden] });
  expect(own.proofs.map(({ seq }) => seq)).toEqual([hidden]);
  // An older root has proofs of its own.
  const small = await ben.ask("inclusion", { size: 260, seqs: [known[0]?.seq ?? 0] });
  expect(small.proofs[0]?.path).not.toEqual(proofs[0]?.path ?? []);
});

test("what cannot be proved is said", async () => {
  const site = await Site.open({ signs: true });
  const ana = await site.member("ana");
  const { size } = await checkpoint(ana);
  expect(await ana.ask("inclusion", { size: size + 1, seqs: [1] })).toEqual({ proofs: [] });
  for (const seqs of [
    [2, 1],
    [1, 1],
  ]) {
    expect((await ana.refused("inclusion", { size, seqs })).code).toBe("frame-malformed");
  }
});

test("a server that signs nothing answers like one that does not know the request", async () => {
  const site = await Site.open();
  const ana = await site.member("ana");
  expect((await ana.refused("checkpoint", { from: 0 })).code).toBe("kind-unknown");
});
