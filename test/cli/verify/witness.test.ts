import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { compareKept } from "../../../src/cli/verify/witness.ts";
import { Identity } from "../../../src/crypto/identity.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { makeSuccession } from "../../../src/crypto/succession.ts";
import { leafHash } from "../../../src/wire/record.ts";
import { ClientFixture } from "../../client/client-fixture.ts";
import { FakeLog } from "../../client/fake-log.ts";
import { rejection } from "../../rejection.ts";

const LEAVES = Array.from({ length: 9 }, (_, i) => sha256(Uint8Array.of(i)));

async function compared(keep: (fixture: ClientFixture) => readonly (string | [string, string])[]) {
  const fixture = new ClientFixture();
  const { server } = fixture;
  for (let i = 1; i <= 6; i++) server.addRecord({ text: `text ${i}` }, "ben");
  server.accountLeaves = LEAVES;
  const kept = keep(fixture).map((entry) => {
    const [author, note] = typeof entry === "string" ? [undefined, entry] : entry;
    return { author, note };
  });
  const { client } = await fixture.connect({ follow: "none", audits: false });
  const verdict = await fixture.outcome(compareKept(client, kept));
  if (verdict instanceof Fault) throw verdict;
  return verdict;
}

const accountsOf = (identity: Identity, leaves: readonly Uint8Array[]) =>
  new FakeLog(identity, leaves).state();

/** Has the first record of the server's log, and others. */
function forked({ server }: ClientFixture, size: number): FakeLog {
  const [first] = server.records;
  const start = leafHash(first?.record.head ?? new Uint8Array(), sha256);
  const others = Array.from({ length: size - 1 }, (_, i) => sha256(Uint8Array.of(100 + i)));
  return new FakeLog(server.identity, [start, ...others]);
}

const reasons = (verdict: Awaited<ReturnType<typeof compared>>) =>
  verdict.contradictions.map(({ alarm: { fault, evidence } }) => [evidence.log, fault.message]);

test("agrees with earlier checkpoints of the same logs", async () => {
  const verdict = await compared(({ server: { proofs, identity } }) => [
    proofs.note(3),
    proofs.note(4, accountsOf(identity, LEAVES.slice(0, 5))),
    proofs.note(6, accountsOf(identity, LEAVES)),
  ]);
  expect(verdict).toEqual({ compared: 3, contradictions: [] });
});

test("names the witness, the log and both checkpoints of a contradiction", async () => {
  const verdict = await compared((fixture) => {
    const { proofs, identity } = fixture.server;
    const changed = LEAVES.slice(0, 5).with(2, LEAVES[8] ?? new Uint8Array(32));
    return [
      ["ana", forked(fixture, 4).note()],
      ["ben", forked(fixture, 8).note()],
      ["cleo", proofs.note(6, accountsOf(identity, changed))],
      ["dan", proofs.note(6, accountsOf(identity, [...LEAVES, ...LEAVES]))],
      ["eve", new FakeLog(identity, LEAVES).note()],
    ];
  });
  expect(verdict.compared).toBe(5);
  expect(reasons(verdict)).toEqual([
    ["history", "the server's history has 6 records, but its first 4 are not what ana has seen"],
    ["history", "the server's history has only 6 records, but ben has seen 8"],
    ["accounts", expect.stringMatching(/ has 9 records, but its first 5 are not what cleo has/)],
    ["accounts", expect.stringMatching(/ has only 9 records, but dan has seen 18; /)],
    ["history", expect.stringMatching(/a different history .* that eve has seen \(9 records\)$/)],
  ]);
  for (const { alarm } of verdict.contradictions) {
    expect(alarm.evidence.known).toStartWith("chat/");
    expect(alarm.evidence.shown).toStartWith("chat/");
    expect(alarm.fault.exitCode).toBe(6);
  }
});

test("accepts what a former key of the server has signed", async () => {
  const verdict = await compared(({ server }) => {
    const note = server.proofs.note(2);
    const old = server.identity;
    server.identity = Identity.generate();
    const predecessors = [makeSuccession(old, server.identity.publicKey)];
    server.misbehaviour.onWelcome = (welcome) => ({ ...welcome, predecessors });
    return [note];
  });
  expect(verdict).toEqual({ compared: 1, contradictions: [] });
});

test("ignores forged checkpoints and those of other servers", async () => {
  const forged = (fixture: ClientFixture) => {
    const foreign = new FakeLog(Identity.generate(), LEAVES).note();
    const own = fixture.server.proofs.note(6);
    return [foreign, own.replace("\n6\n", "\n5\n"), own.slice(0, -20), "", "chat/x\n1\n"];
  };
  expect(await rejection(compared(forged))).toMatchObject({ code: "not-found" });
  const verdict = await compared((fixture) => [...forged(fixture), fixture.server.proofs.note(2)]);
  expect(verdict.compared).toBe(1);
});

test("compares only the newest checkpoint of each author, and at most 100", async () => {
  const verdict = await compared((fixture) => {
    const { proofs } = fixture.server;
    const many = Array.from({ length: 150 }, (_, i): [string, string] => [`u${i}`, proofs.note(4)]);
    return [["ana", forked(fixture, 4).note()], ...many, ["ana", proofs.note(5)]];
  });
  expect(verdict).toEqual({ compared: 100, contradictions: [] });
});
