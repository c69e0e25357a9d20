import { expect, test } from "bun:test";
import { toBase64Url } from "../../../src/base/bytes.ts";
import { PROOFS_PER_REQUEST_MAX } from "../../../src/base/limits.ts";
import { checkName } from "../../../src/base/names.ts";
import { judgeOwnRecords } from "../../../src/core/client/own-account.ts";
import {
  applyPersonRecords,
  judgePersonPage,
  type KnownPerson,
} from "../../../src/core/client/person-keys.ts";
import { verifyConsistency, verifyInclusion } from "../../../src/core/log/proofs.ts";
import { verifyNote } from "../../../src/crypto/checkpoint.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { seenTag } from "../../../src/crypto/signed-bytes.ts";
import { Slots } from "../../../src/io/task-queue.ts";
import { LOCAL_SEQUENCER } from "../../../src/server/kernel/sequencer.ts";
import { ProofService } from "../../../src/server/rooms/proofs.ts";
import type { Checkpoint } from "../../../src/wire/checkpoint.ts";
import { leafHash } from "../../../src/wire/record.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { rejection } from "../../rejection.ts";
import { type Guest, headOf, newKeys, registrationOf } from "../guest.ts";
import { siteWith } from "../site.ts";

interface Pin extends Checkpoint {
  readonly path: readonly Uint8Array[];
}

async function checkpoint(guest: Guest, from = 0): Promise<Pin> {
  const { note, path } = await guest.request("checkpoint", { from });
  return { ...verifyNote(note, guest.site.identity.publicKey), path };
}

function continues(old: Checkpoint, { size, root, path }: Pin): boolean {
  const proof = { oldSize: old.size, oldRoot: old.root, newSize: size, newRoot: root, path };
  return verifyConsistency(proof, sha256);
}

async function talk(guest: Guest, count: number): Promise<void> {
  await guest.site.wait(Promise.all(Array.from({ length: count }, (_, i) => guest.post(`m${i}`))));
  await guest.site.time.advance(1_000);
}

test("signs each checkpoint, and proves that it continues older ones", async () => {
  const { site, ana } = await siteWith(["ana"], { signs: true });
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

test("proves in its greeting that the logs have grown, to those who know their root", async () => {
  const { site, ana } = await siteWith(["ana"], { signs: true });
  const { publicKey } = site.identity;
  const accountsOf = async (guest: Guest) => {
    const { note } = await guest.request("checkpoint", { from: 0, accounts: 0 });
    return verifyNote(note, publicKey).accounts as Checkpoint;
  };
  const pin = await checkpoint(ana);
  const accounts = await accountsOf(ana);
  const { seq } = await site.wait(ana.post("newer than the last checkpoint"));
  const ask = async (change: { readonly root?: Uint8Array; readonly size?: number } = {}) => {
    const { root, size } = { ...pin, ...change };
    const guest = await site.connect();
    const tag = seenTag(guest.nonce, root, sha256);
    const rest = { tag, sizeMin: seq, accounts: accounts.size, seqs: [1, seq] };
    return (await guest.greet(undefined, { size, ...rest })).seen;
  };
  const seen = await ask();
  const newest = verifyNote(seen?.note ?? "", publicKey);
  expect(newest.size).toBe(seq);
  expect(continues(pin, { ...newest, path: seen?.path ?? [] })).toBe(true);
  const leaves = new Map(
    (await ana.request("inclusion", { size: seq, seqs: [1, seq] })).proofs.map((proof) => [
      proof.seq,
      proof.leaf,
    ]),
  );
  const isProved = seen?.proofs.map((proof) => {
    const { size, root } = proof.seq <= pin.size ? pin : newest;
    const leaf = leaves.get(proof.seq) ?? new Uint8Array(32);
    return verifyInclusion({ leaf, index: proof.seq - 1, size, root, path: proof.path }, sha256);
  });
  expect(isProved).toContain(true);
  expect(seen?.proofs.map((proof) => proof.seq)).toEqual([1, seq]);
  for (const wrong of [{ root: sha256(pin.root) }, { size: pin.size - 1 }, { size: seq + 1 }])
    expect(await ask(wrong)).toBeUndefined();
});

test("proves that the accounts log only grows", async () => {
  const { site, ana } = await siteWith(["ana", "ben"], { signs: true });
  const { publicKey } = site.identity;
  const request = async (guest: Guest, accounts: number) => {
    const answer = await guest.request("checkpoint", { from: 0, accounts });
    return { ...verifyNote(answer.note, publicKey).accounts, path: answer.accounts } as Pin;
  };
  const first = await request(ana, 0);
  expect(first.size).toBe(site.accounts.head());
  for (let i = 0; i < 300; i++) await ana.request("bot", { on: i % 2 === 0 });
  const known = site.accounts.head();
  const later = await request(ana, known);
  expect([later.size, later.path]).toEqual([known, undefined as never]);
  const proved = await request(ana, first.size);
  expect(continues(first, proved)).toBe(true);
  expect(continues({ ...first, root: sha256(first.root) }, proved)).toBe(false);
});

test("proves only records of the user's rooms", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"], { signs: true });
  await ana.request("join", { room: "cellar", create: true });
  const { seq: hidden } = await site.wait(ana.post("secret", "cellar"));
  await talk(ben, 400);
  const { size, root } = await checkpoint(ben);
  const { records } = await ben.request("history", {
    target: "lobby",
    limit: PROOFS_PER_REQUEST_MAX - 2,
  });
  const known = records.map(({ head }) => {
    const { seq } = headOf({ head });
    return { seq, leaf: leafHash(head, sha256) };
  });
  const seqs = [hidden, ...known.map(({ seq }) => seq), size + 1];
  const { proofs } = await ben.request("inclusion", { size, seqs });
  expect(proofs.map(({ seq, leaf }) => ({ seq, leaf }))).toEqual(known);
  for (const { seq, leaf, path } of proofs) {
    expect(verifyInclusion({ leaf, index: seq - 1, size, path, root }, sha256)).toBe(true);
  }
  const own = await ana.request("inclusion", { size, seqs: [hidden] });
  expect(own.proofs.map(({ seq }) => seq)).toEqual([hidden]);
  const small = await ben.request("inclusion", { size: 260, seqs: [known[0]?.seq ?? 0] });
  expect(small.proofs[0]?.path).not.toEqual(proofs[0]?.path ?? []);
});

test("refuses unsorted records, and proves none beyond the size", async () => {
  const { ana } = await siteWith(["ana"], { signs: true });
  const { size } = await checkpoint(ana);
  expect(await ana.request("inclusion", { size: size + 1, seqs: [1] })).toEqual({ proofs: [] });
  for (const seqs of [
    [2, 1],
    [1, 1],
  ]) {
    expect(await ana.refusal("inclusion", { size, seqs })).toBe("frame-malformed");
  }
});

test("answers kind-unknown on a server without checkpoints", async () => {
  const { ana } = await siteWith(["ana"]);
  expect(await ana.refusal("checkpoint", { from: 0 })).toBe("kind-unknown");
});

test("proves the records of the user's own account, a page at a time", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"], { signs: true });
  const account = site.registry.find(checkName("ana"))?.id ?? "";
  const deviceKey = ana.keys.device.publicKey;
  const ask = async (known: number) => {
    await site.time.advance(1_000);
    const { note, own } = await ana.request("checkpoint", { from: 0, accounts: 0, own: known });
    const { accounts } = verifyNote(note, site.identity.publicKey);
    if (accounts === undefined || own === undefined) throw new Error("nothing is proved");
    const verdict = judgeOwnRecords(
      { account, deviceKey },
      { n: known, size: 0 },
      own,
      accounts,
      sha256,
    );
    return { own, verdict };
  };
  const first = await ask(0);
  expect(first.own.records).toHaveLength(1);
  const known = first.verdict?.n ?? 0;
  expect(known).toBeGreaterThan(0);
  expect(await ask(known)).toEqual({
    own: { n: known, records: [] },
    verdict: { n: known, isComplete: true, changes: [] },
  });
  await ben.request("bot", { on: true });
  await ana.request("irc-password", { label: "secret" });
  const made = await ask(known);
  expect(made.verdict).toMatchObject({ n: known + 1, changes: [{ what: "irc-password-added" }] });
  expect(made.own.records[0]).not.toContainAnyKeys(["body", "salt"]);
  for (let i = 0; i <= PROOFS_PER_REQUEST_MAX; i++) await ana.request("bot", { on: i % 2 === 0 });
  const page = await ask(known + 1);
  expect(page.own.records).toHaveLength(PROOFS_PER_REQUEST_MAX);
  expect(page.verdict).toMatchObject({ isComplete: false, n: known + 1 + PROOFS_PER_REQUEST_MAX });
  expect((await ask(page.verdict?.n ?? 0)).verdict).toMatchObject({ isComplete: true });
});

test("proves another account's keys, devices and names, and nothing else", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"], { signs: true });
  const account = site.registry.find(checkName("ben"))?.id ?? "";
  const [deviceKey, accountKey] = [ben.keys.device.publicKey, ben.keys.account.publicKey];
  const ask = async (user: string, known: KnownPerson) => {
    await site.time.advance(1_000);
    const asked = { user, account: known.account, n: known.n };
    const answer = await ana.request("checkpoint", { from: 0, accounts: 0, person: asked });
    const { accounts } = verifyNote(answer.note, site.identity.publicKey);
    if (accounts === undefined || answer.person === undefined) throw new Error("no proof");
    const { person } = answer;
    return { person, page: judgePersonPage(known, person, accounts, sha256) };
  };
  const nobody = { account: "", n: 0, size: 0 };
  await ben.request("passwd", { password: "another password" });
  await ben.request("ignore", { user: "ana", on: true });
  await ben.request("irc-password", { label: "secret" });
  const first = await ask("BEN", nobody);
  expect(first.page).toMatchObject({ account, isComplete: true });
  expect(first.page && applyPersonRecords("ben", undefined, first.page)).toMatchObject({
    keys: [{ account, key: toBase64Url(accountKey) }],
    devices: [toBase64Url(deviceKey)],
  });
  expect(first.person.records.map(({ head }) => headOf({ head }).kind)).toEqual(["account"]);
  const { device } = newKeys();
  const { deviceCert } = registrationOf({ ...ben.keys, device }, site.identity.publicKey, "ben");
  await ben.request("device-add", { deviceKey: device.publicKey, deviceCert });
  const known = first.page ?? nobody;
  const more = await ask("ben", known);
  expect(more.page?.records.map(({ head }) => head.kind)).toEqual(["device"]);
  expect((await ask("ben", more.page ?? nobody)).person.records).toEqual([]);
  // A number that belongs to another account is ignored.
  expect(
    (await ask("ben", { account: "uXXXXXXXXXXX", n: 99, size: 0 })).person.records,
  ).toHaveLength(2);
  expect(
    await ana.refusal("checkpoint", { from: 0, accounts: 0, person: { user: "x y", n: 0 } }),
  ).toBe("name-invalid");
  expect(
    await ana.refusal("checkpoint", { from: 0, accounts: 0, person: { user: "nobody", n: 0 } }),
  ).toBe("user-unknown");
});

test("catches up with the cluster before it proves the accounts", async () => {
  const waits: boolean[] = [];
  const checkpoints = { newest: () => ({ size: 9, accountsSize: 4, note: "note" }) };
  const none = async () => [];
  const service = new ProofService({
    provable: {
      checkpoints,
      proofs: { consistency: none, inclusion: none },
      accounts: { consistency: none, inclusion: none },
    },
    sequencer: {
      ...LOCAL_SEQUENCER,
      waitUntilCurrent: async () => {
        waits.push(waits.length === 0);
        return waits.length === 1;
      },
    },
    pageReads: new Slots(1),
    clock: new VirtualClock(),
  } as unknown as ConstructorParameters<typeof ProofService>[0]);
  const sender = { account: { id: "u" } } as unknown as Parameters<
    typeof service.handlers.checkpoint
  >[1];
  const ask = (accounts: number) =>
    service.handlers.checkpoint({ kind: "checkpoint", ref: 1, from: 9, accounts }, sender);
  expect(await ask(4)).toEqual({ note: "note", path: [] });
  expect(waits).toEqual([]);
  expect(await ask(5)).toEqual({ note: "note", path: [] });
  expect(waits).toEqual([true]);
  expect(await rejection(ask(5))).toMatchObject({ code: "no-majority" });
});
