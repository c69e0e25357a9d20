import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { MESSAGE_BYTES_MAX } from "../../src/base/limits.ts";
import { CLIENTS_PAGE_MAX, TRANSFERS_LISTED_MAX } from "../../src/base/limits-page.ts";
import { encode } from "../../src/wire/codec.ts";
import type { Answer } from "../../src/wire/messages.ts";
import { ADMIN_REQUESTS } from "../../src/wire/messages-admin.ts";

const CLIENT: Answer<"clients">["clients"][number] = {
  client: Number.MAX_SAFE_INTEGER,
  user: "x".repeat(64),
  program: "x".repeat(128),
  address: "x".repeat(80),
  transport: "x".repeat(32),
  since: 2 ** 50,
  lane: true,
  operator: true,
  roundTripMs: 2 ** 50,
  sentMessages: 2 ** 50,
  sentBytes: 2 ** 50,
  receivedMessages: 2 ** 50,
  receivedBytes: 2 ** 50,
  queuedBytes: 2 ** 50,
  acknowledged: 2 ** 50,
  retransmitted: 2 ** 50,
  lost: 2 ** 50,
};
const TRANSFER: Answer<"transfers">["transfers"][number] = {
  file: "fAAAAAAAAAAA",
  name: "x".repeat(1_024),
  direction: "down",
  user: "x".repeat(64),
  address: "x".repeat(80),
  since: 2 ** 50,
  doneBytes: 2 ** 50,
  sizeBytes: 2 ** 50,
  web: true,
};

describe("the longest answers", () => {
  test("of who is connected are one message", () => {
    const clients = Array(CLIENTS_PAGE_MAX).fill(CLIENT);
    expect(v.is(ADMIN_REQUESTS.clients.answer, { clients, more: true })).toBe(true);
    const bytes = encode({ kind: "ok", ref: 1, clients, more: true });
    expect(bytes.length).toBeLessThan(MESSAGE_BYTES_MAX);
    const beyond = { clients: [...clients, CLIENT], more: true };
    expect(v.is(ADMIN_REQUESTS.clients.answer, beyond)).toBe(false);
  });

  test("of files under way, too", () => {
    const transfers = Array(TRANSFERS_LISTED_MAX).fill(TRANSFER);
    expect(v.is(ADMIN_REQUESTS.transfers.answer, { transfers, more: 1 })).toBe(true);
    const bytes = encode({ kind: "ok", ref: 1, transfers, more: 1 });
    expect(bytes.length).toBeLessThan(MESSAGE_BYTES_MAX);
    const beyond = { transfers: [...transfers, TRANSFER], more: 1 };
    expect(v.is(ADMIN_REQUESTS.transfers.answer, beyond)).toBe(false);
  });
});
