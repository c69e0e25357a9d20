import { expect, test } from "bun:test";
import {
  HELLO_WITHIN_MS,
  UDP_PING_EVERY_MS,
  UDP_SILENCE_MAX_MS,
} from "../../../src/base/limits.ts";
import { QUICK, Session } from "../../../src/core/session/session.ts";
import { encode } from "../../../src/wire/codec.ts";

/** Sessions on links that do not tell that the other end is gone. */

const bytes = (size: number) => new Uint8Array(size).fill(1);
const WELCOME = {
  kind: "welcome",
  version: 1,
  server: { name: "srv", key: bytes(32) },
  nonce: bytes(32),
  certificate: bytes(32),
  proof: bytes(64),
  needs: "open",
  limits: { messageBytes: 1, textBytes: 1 },
} as const;

/** A client's end that was greeted at the moment 0. */
function member(): Session {
  const client = new Session("client", 0, QUICK);
  client.receive(encode(WELCOME), 0);
  return client;
}

test("a greeting has its own time", () => {
  const client = new Session("client", 0, QUICK);
  expect(client.deadline()).toBeGreaterThan(HELLO_WITHIN_MS);
});

test("a quick end asks after UDP_PING_EVERY_MS and gives up after UDP_SILENCE_MAX_MS", () => {
  const client = member();
  expect(client.deadline()).toBe(UDP_PING_EVERY_MS);
  expect(client.tick(UDP_PING_EVERY_MS - 1)).toEqual([]);
  expect(client.tick(UDP_PING_EVERY_MS)).toMatchObject([{ kind: "transmit" }]);
  expect(client.deadline()).toBe(UDP_SILENCE_MAX_MS);
  expect(client.tick(UDP_SILENCE_MAX_MS - 1)).toEqual([]);
  const effects = client.tick(UDP_SILENCE_MAX_MS);
  expect(effects.at(-1)).toMatchObject({ kind: "close", fault: { code: "timeout" } });
});

test("a sign of life puts that off, and only for as long", () => {
  const client = member();
  client.tick(UDP_PING_EVERY_MS, true); // It asks all the same.
  expect(client.deadline()).toBe(UDP_SILENCE_MAX_MS);
  expect(client.tick(UDP_SILENCE_MAX_MS, true)).toEqual([]);
  expect(client.deadline()).toBe(UDP_SILENCE_MAX_MS + UDP_PING_EVERY_MS);
  client.tick(UDP_SILENCE_MAX_MS + UDP_PING_EVERY_MS);
  expect(client.tick(2 * UDP_SILENCE_MAX_MS).at(-1)).toMatchObject({ kind: "close" });
});

test("a quick end that was asleep asks before it gives up", () => {
  const client = member();
  const woke = 100 * UDP_SILENCE_MAX_MS;
  expect(client.tick(woke)).toMatchObject([{ kind: "transmit" }]);
  expect(client.deadline()).toBe(woke + UDP_SILENCE_MAX_MS - UDP_PING_EVERY_MS);
  client.receive(encode({ kind: "pong" }), woke + 1);
  expect(client.deadline()).toBe(woke + 1 + UDP_PING_EVERY_MS);
});
