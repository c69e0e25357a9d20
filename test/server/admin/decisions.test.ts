import { expect, test } from "bun:test";
import { utf8Encode } from "../../../src/base/bytes.ts";
import { decisionOf } from "../../../src/server/admin/decisions.ts";
import type { LogRecord, RecordKind } from "../../../src/wire/record.ts";

const registry = { nameOf: (id: string) => (id === "server" ? undefined : `name-${id}`) as never };

function record(kind: RecordKind, body: object): LogRecord {
  const head = { v: 1, seq: 1, time: 1, kind, room: "b", n: 1, by: "a", id: "", commit: "" };
  return {
    head: head as never,
    headBytes: utf8Encode("{}"),
    bodyBytes: utf8Encode(JSON.stringify(body)),
  };
}

test("a decision says who, whom and until when", () => {
  const told = (kind: RecordKind, body: object, hadReset = false) =>
    decisionOf(record(kind, body), registry, hadReset);
  expect(told("ban", { on: true, until: 5, reason: "r" })).toEqual({
    decision: "banned",
    by: "name-a",
    whom: "name-b",
    until: 5,
    reason: "r",
  });
  expect(told("announcement", { text: "x" })).toEqual({
    decision: "announced",
    by: "name-a",
    reason: "x",
  });
  expect(told("announcement", { text: "" })).toEqual({
    decision: "announcement-gone",
    by: "name-a",
  });
  expect(told("role", { operator: false })).toMatchObject({ decision: "operator-end" });
  expect(told("invite-used", {})).toMatchObject({ decision: "invite-used", whom: "b" });
});

test("what is the account's own, or a secret, is not told", () => {
  const kinds = ["device", "device-gone", "ignore", "room-password", "identity", "text"] as const;
  for (const kind of kinds) expect(decisionOf(record(kind, {}), registry, true)).toBeUndefined();
  const password = record("password", { password: "$argon2id$secret" });
  expect(decisionOf(password, registry, false)).toBeUndefined();
  expect(decisionOf(password, registry, true)).toEqual({ decision: "reset-used", by: "name-a" });
});
