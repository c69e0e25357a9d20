import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import {
  packNews,
  packProposals,
  readNews,
  readProposals,
} from "../../../src/core/cluster/messages.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { packValue } from "../../../src/wire/codec.ts";
import { type Draft, SALT_BYTES, sealDraft } from "../../../src/wire/record.ts";

const DRAFT: Draft = {
  kind: "text",
  room: "rLLLLLLLLLLL" as RoomId,
  by: "uAAAAAAAAAAA" as UserId,
  id: "AAAAAAAAAAA.1",
  body: { text: "größer" },
};
const sealed = sealDraft(DRAFT, new Uint8Array(SALT_BYTES).fill(7), sha256);
const MESSAGE = {
  id: "m",
  proposals: [{ history: 3, accounts: 4, drafts: [{ sealed, follows: 9 }, { sealed }] }],
};

function fault(bytes: Uint8Array): string {
  try {
    readProposals(bytes, sha256);
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
  return "none";
}

test("proposals come back as they were, with the commitment that each node computes", () => {
  expect(readProposals(packProposals(MESSAGE), sha256)).toEqual(MESSAGE);
});

test("what no node can read is refused, whatever it is", () => {
  const row = ["text", DRAFT.room, DRAFT.by, DRAFT.id, 0, sealed.salt, sealed.bodyBytes];
  const of = (drafts: unknown) => packValue({ v: 1, id: "m", proposals: [[0, 0, drafts]] });
  expect(fault(of([row]))).toBe("none");
  const with_ = (at: number, value: unknown) => of([row.map((one, i) => (i === at ? value : one))]);
  for (const bytes of [
    new Uint8Array(0),
    Uint8Array.of(0xc1),
    packValue({ v: 1, id: 3, proposals: [] }),
    of([]),
    of("no list"),
    with_(0, "toString"),
    with_(1, "a b"),
    with_(3, "x\n"),
    with_(4, -1),
    with_(5, new Uint8Array(3)),
    with_(6, Uint8Array.of(0x7b)),
    with_(6, new TextEncoder().encode('{"text":\n"two lines"}')),
  ]) {
    expect(fault(bytes)).toBe("frame-malformed");
  }
  expect(fault(packValue({ v: 2, id: "m", proposals: [] }))).toBe("version-unsupported");
});

test("news are read, and nonsense is nothing", () => {
  const news = { kind: "online", users: ["uAAAAAAAAAAA"] };
  expect(readNews(packNews("n1", news))).toEqual({ node: "n1", news });
  expect(readNews(packValue({ v: 2, node: "n1", news }))).toBeUndefined();
  expect(readNews(packValue({ v: 1, node: 7 }))).toBeUndefined();
  expect(readNews(Uint8Array.of(0xc1))).toBeUndefined();
});
