import { expect, test } from "bun:test";
import { toBase64Url, utf8Encode } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/base/fault.ts";
import { UNIX_MS_MAX } from "../../../src/base/time.ts";
import {
  fieldsIn,
  importOriginOf,
  readHead,
  readPage,
  resolveRecord,
  roomViewOf,
} from "../../../src/core/client/chat-record.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { WireRecord } from "../../../src/wire/messages.ts";
import { commitment } from "../../../src/wire/record.ts";

const SALT = new Uint8Array(16).fill(3);
const ROOM = { room: "r1", name: "lobby" };

function wire(body: string, change: Partial<WireRecord> = {}): WireRecord {
  const bytes = utf8Encode(body);
  const commit = commitment(SALT, bytes, sha256);
  const head = { v: 1, seq: 7, time: 9, kind: "text", room: "r1", n: 2, by: "u1", id: "", commit };
  return {
    head: utf8Encode(JSON.stringify(head)),
    salt: SALT,
    body: bytes,
    from: "ben",
    ...change,
  };
}

function resolved(record: WireRecord) {
  return resolveRecord(readHead(record), roomViewOf(ROOM), sha256);
}

test("accepts a record whose body matches its head", () => {
  const record = resolved(wire('{"text":"hi"}'));
  expect(record).toMatchObject({ seq: 7, n: 2, state: "whole", from: "ben", kind: "text" });
  expect(fieldsIn(record)).toEqual({ text: "hi" });
  expect(fieldsIn({ ...record, kind: "later" })).toEqual({});
});

test("drops a body that is missing, different, or not an object", () => {
  const { salt, ...unsalted } = wire("{}");
  expect(toBase64Url(salt ?? SALT)).toBe(toBase64Url(SALT));
  expect(resolved(unsalted).state).toBe("damaged");
  expect(resolved(wire("{}", { body: utf8Encode('{"text":"never said"}') })).state).toBe("damaged");
  expect(resolved(wire("[1]")).state).toBe("damaged");
  expect(resolved(wire("{}", { damaged: true })).state).toBe("damaged");
  expect(resolved(wire("{}", { erased: 9 })).state).toBe("erased");
});

test("an erased record has expired once it is older than its room keeps messages", () => {
  const read = (change: Partial<WireRecord>, keep: number | undefined, nowUnixMs?: number) => {
    const view = roomViewOf({ ...ROOM, ...(keep === undefined ? {} : { keepMs: keep }) });
    return resolveRecord(readHead(wire("{}", change)), view, sha256, nowUnixMs).hasExpired;
  };
  const erased = { erased: 9 };
  // The record is of 9 ms.
  expect([read(erased, 100, 109), read(erased, 100, 108)]).toEqual([true, undefined]);
  expect([read(erased, undefined, 109), read(erased, 100), read({}, 100, 109)]).toEqual(
    Array(3).fill(undefined),
  );
});

test("reads author and time of an imported message if they are valid", () => {
  const at = (time: number) => importOriginOf({ imported: { from: "eve", time } })?.timeUnixMs;
  expect([at(5), at(UNIX_MS_MAX), at(UNIX_MS_MAX + 1), at(-1)]).toEqual([
    ...[5, UNIX_MS_MAX, 0, 0],
  ]);
  for (const from of ["", 7]) expect(importOriginOf({ imported: { from } })?.from).toBe("?");
  for (const imported of [undefined, null, "x"])
    expect(importOriginOf({ imported })).toBeUndefined();
  expect(roomViewOf({ ...ROOM, sealed: true }).isSealed).toBe(true);
  expect(roomViewOf(ROOM).isSealed).toBeUndefined();
});

test("rejects a record without a head or a room", () => {
  expect(() => readHead(wire("{}", { head: utf8Encode("{}") }))).toThrow(Fault);
  const { head } = wire("{}");
  const at = (time: string) => new TextDecoder().decode(head).replace('"time":9', `"time":${time}`);
  expect(() => readHead(wire("{}", { head: utf8Encode(at("8640000000000001")) }))).toThrow(Fault);
  expect(() => readHead(wire("{}", { head: utf8Encode(at("8640000000000000")) }))).not.toThrow();
  expect(() => roomViewOf({ room: "r1" })).toThrow(Fault);
  expect(roomViewOf({ room: "d1", with: "ben" })).toMatchObject({ kind: "person", name: "ben" });
  const page = { records: [wire('{"text":"hi"}')], rooms: [ROOM], more: false };
  expect(readPage(page, sha256)).toHaveLength(1);
  expect(() => readPage({ ...page, rooms: [] }, sha256)).toThrow(Fault);
});
