import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  hasLeft,
  isFilling,
  type Membership,
  newNodeName,
  readMembership,
  removeMembership,
  writeMembership,
} from "../../../src/cli/serve/membership.ts";

const folder = mkdtempSync(join(tmpdir(), "chat-membership-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const KEPT: Membership = {
  ...{ cluster: "chat", node: "vm-1a2b", position: { seq: 9, history: 7, accounts: 1 } },
};

test("what a folder keeps of its cluster comes back, and goes", () => {
  expect(readMembership(folder)).toBeUndefined();
  for (const kept of [
    KEPT,
    { ...KEPT, state: "filling" },
    { ...KEPT, state: "left" },
    { ...KEPT, position: { ...KEPT.position, isFilling: true } },
    { ...KEPT, before: [{ seq: 4, history: 3, accounts: 1 }] },
  ] as const) {
    writeMembership(folder, kept);
    expect(readMembership(folder)).toEqual({ before: [], ...kept });
  }
  removeMembership(folder);
  removeMembership(folder);
  expect([readMembership(folder), readdirSync(folder)]).toEqual([undefined, []]);
});

test("what no server wrote is refused, and nothing is guessed", () => {
  const { position, ...rest } = KEPT;
  const whole = { ...rest, ...position };
  for (const value of [
    null,
    [],
    {},
    { ...whole, seq: -1 },
    { ...whole, history: 1.5 },
    { ...whole, accounts: "1" },
    { ...whole, node: 3 },
    { ...whole, state: "gone" },
  ]) {
    writeFileSync(join(folder, "cluster.json"), JSON.stringify(value));
    expect(() => readMembership(folder)).toThrow("is not what a server wrote");
  }
  writeFileSync(join(folder, "cluster.json"), '{"cluster":"chat"');
  expect(() => readMembership(folder)).toThrow("is not what a server wrote");
});

test("names differ on one machine, and each refusal names the way out", () => {
  expect(newNodeName()).not.toBe(newNodeName());
  expect(hasLeft("/data", KEPT).remedy).toContain("begin with identity.key");
  expect(isFilling("/data", KEPT).remedy).toContain("chat cluster init /data");
});
