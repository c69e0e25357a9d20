import { describe, expect, test } from "bun:test";
import { concatBytes } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/base/fault.ts";
import {
  CHUNK_BYTES,
  LOGIN_WITHIN_MS,
  PING_EVERY_MS,
  SILENCE_MAX_MS,
} from "../../../src/base/limits.ts";
import type { Role } from "../../../src/core/session/phase.ts";
import { Session, type SessionEffect } from "../../../src/core/session/session.ts";
import { decode, encode, type Outgoing } from "../../../src/wire/codec.ts";
import type { Message, NoticeOf, RequestKind } from "../../../src/wire/messages.ts";

const BYTES = new Uint8Array(32);
const FILE = "f1234567890a";
const HELLO: NoticeOf<"hello"> = { kind: "hello", versions: [1], client: "x", nonce: BYTES };
const WELCOME: NoticeOf<"welcome"> = {
  kind: "welcome",
  version: 1,
  server: { name: "x", key: BYTES },
  nonce: BYTES,
  certificate: BYTES,
  proof: new Uint8Array(64),
  needs: "open",
  limits: { messageBytes: 1, textBytes: 1 },
};
const CHUNK: NoticeOf<"chunk"> = {
  kind: "chunk",
  file: FILE,
  index: 0,
  sha256: BYTES,
  bytes: new Uint8Array(CHUNK_BYTES),
};
/** What the two ends tell each other on a lane. */
const TOLD: Record<Role, readonly Outgoing[]> = {
  client: [CHUNK, { kind: "ack", file: FILE, index: 0 }],
  server: [
    CHUNK,
    { kind: "ack", file: FILE, index: 0 },
    { kind: "durable", file: FILE, upTo: 1 },
    { kind: "held", file: FILE, where: "sender" },
    { kind: "end", file: FILE, size: 1, chunks: 1, digest: BYTES },
  ],
};
const ASKED = {
  offer: { file: FILE, to: ["lobby"], name: "a.txt" },
  finish: { file: FILE, size: 1, chunks: 1, digest: BYTES },
  withdraw: { file: FILE },
  fetch: { file: FILE, from: 0, window: CHUNK_BYTES },
  got: { file: FILE },
} as const;

function sent(effects: readonly SessionEffect[]): Message[] {
  return effects.flatMap((effect) => {
    if (effect.kind !== "transmit") return [];
    const incoming = decode(concatBytes(effect.bytes, effect.tail ?? new Uint8Array(0)));
    return incoming.kind === "message" ? [incoming.message] : [];
  });
}

type Reached = "entering" | "member" | "lane";

function session(role: Role, phase: Reached): Session {
  const one = new Session(role, 0);
  if (role === "server") {
    one.receive(encode(HELLO), 0);
    one.tell(WELCOME);
    if (phase === "entering") return one;
    const entry = { kind: phase === "lane" ? "lane" : "login", ref: 1, ...entryFields(phase) };
    one.receive(encode(entry as Outgoing), 0);
    if (phase === "lane") one.answer<"lane">(1, {});
    else one.answer<"login">(1, { account: "u", user: "ana", seq: 0 });
    return one;
  }
  one.tell(HELLO);
  one.receive(encode(WELCOME), 0);
  if (phase === "entering") return one;
  const kind = phase === "lane" ? "lane" : "login";
  const { ref } = one.ask(kind, entryFields(phase) as never);
  one.receive(encode({ kind: "ok", ref, account: "u", user: "ana", seq: 0 } as Outgoing), 0);
  return one;
}

function entryFields(phase: Reached): object {
  return phase === "lane" ? { ticket: "t" } : { user: "ana", deviceKey: BYTES };
}

const closing = (effects: readonly SessionEffect[]) => {
  const last = effects.at(-1);
  return last?.kind === "close" ? last.fault?.code : undefined;
};

describe("a lane", () => {
  test("begins with a ticket in place of a log-in", () => {
    for (const role of ["client", "server"] as const) {
      expect(session(role, "lane").phase).toBe("lane");
    }
  });

  test("a wrong ticket leaves the link at the door", () => {
    const server = session("server", "entering");
    server.receive(encode({ kind: "lane", ref: 4, ticket: "x" }), 0);
    const [answer] = sent(server.refuse(4, new Fault("login-refused", "no such ticket")));
    expect(answer).toMatchObject({ kind: "fault", ref: 4, code: "login-refused" });
    expect(server.phase).toBe("entering");
    expect(server.deadline()).toBe(PING_EVERY_MS);
    expect(closing(server.tick(LOGIN_WITHIN_MS))).toBe("timeout");
  });

  test("is an entry like any other: one at a time, none once in", () => {
    const server = session("server", "entering");
    server.receive(encode({ kind: "lane", ref: 4, ticket: "x" }), 0);
    const second = server.receive(encode({ kind: "lane", ref: 5, ticket: "y" }), 0);
    expect(sent(second)).toMatchObject([{ kind: "fault", ref: 5, code: "too-many" }]);
    for (const phase of ["member", "lane"] as const) {
      const inside = session("server", phase);
      const effects = inside.receive(encode({ kind: "lane", ref: 9, ticket: "x" }), 0);
      expect(sent(effects)).toMatchObject([{ kind: "fault", ref: 9, code: "already-logged-in" }]);
      expect(inside.phase).toBe(phase);
    }
  });

  test.each(Object.keys(ASKED) as (keyof typeof ASKED)[])("%s is asked on a lane only", (kind) => {
    const message = encode({ kind, ref: 8, ...ASKED[kind] } as Outgoing);
    const [effect] = session("server", "lane").receive(message, 0);
    expect(effect).toMatchObject({ kind: "request", request: { kind } });
    for (const [phase, code] of [
      ["entering", "not-logged-in"],
      ["member", "out-of-order"],
    ] as const) {
      const server = session("server", phase);
      expect(sent(server.receive(message, 0))).toMatchObject([{ kind: "fault", ref: 8, code }]);
      expect(server.phase).toBe(phase);
    }
  });

  test.each(["post", "history", "ticket", "logout", "join"] as RequestKind[])(
    "%s is not",
    (kind) => {
      const fields = {
        post: { outbox: "o", counter: 1, to: "lobby", body: { text: "x" } },
        history: { limit: 1 },
        join: { room: "lobby" },
      } as Partial<Record<RequestKind, object>>;
      const server = session("server", "lane");
      const effects = server.receive(encode({ kind, ref: 8, ...fields[kind] } as Outgoing), 0);
      expect(sent(effects)).toMatchObject([{ kind: "fault", ref: 8, code: "out-of-order" }]);
      expect(server.phase).toBe("lane");
    },
  );

  test("sends the content of a chunk from where it lies", () => {
    for (const role of ["client", "server"] as const) {
      const effects = session(role, "lane").tell(CHUNK);
      expect(effects.map((effect) => effect.kind === "transmit" && effect.tail)).toEqual([
        CHUNK.bytes,
      ]);
      expect(sent(effects)).toEqual([CHUNK]);
    }
  });

  test("carries what belongs to a transfer, each way its own", () => {
    for (const role of ["client", "server"] as const) {
      const other = role === "client" ? "server" : "client";
      for (const notice of TOLD[other]) {
        const [effect] = session(role, "lane").receive(encode(notice), 0);
        expect(effect).toMatchObject({ kind: "notice", notice: { kind: notice.kind } });
      }
    }
    for (const notice of TOLD.server.slice(2)) {
      expect(closing(session("server", "lane").receive(encode(notice), 0))).toBe("out-of-order");
    }
  });

  test("nothing of a transfer goes over the main link, and no record over a lane", () => {
    for (const role of ["client", "server"] as const) {
      const other = role === "client" ? "server" : "client";
      for (const notice of TOLD[other]) {
        expect(closing(session(role, "member").receive(encode(notice), 0))).toBe("out-of-order");
      }
    }
    const offered: Outgoing = { kind: "offered", room: "r", file: FILE, from: "ana", name: "a" };
    expect(session("client", "member").receive(encode(offered), 0)).toMatchObject([
      { kind: "notice", notice: offered },
    ]);
    for (const notice of [offered, { kind: "caught-up", seq: 1 } as const]) {
      expect(closing(session("client", "lane").receive(encode(notice), 0))).toBe("out-of-order");
    }
  });

  test("a chunk is too large for whoever is not in, and ends that link", () => {
    const effects = session("server", "entering").receive(encode(CHUNK), 0);
    expect(closing(effects)).toBe("too-large");
  });

  test("lives by the same pings and dies of the same silence", () => {
    for (const role of ["client", "server"] as const) {
      const lane = session(role, "lane");
      expect(lane.deadline()).toBe(PING_EVERY_MS);
      expect(sent(lane.tick(PING_EVERY_MS))).toEqual([{ kind: "ping" }]);
      lane.receive(encode({ kind: "pong" }), PING_EVERY_MS);
      expect(lane.phase).toBe("lane");
      expect(closing(lane.tick(PING_EVERY_MS + SILENCE_MAX_MS))).toBe("timeout");
    }
  });

  test("ends with its reason, and what was asked is refused with it", () => {
    const client = session("client", "lane");
    const { ref } = client.ask("finish", ASKED.finish);
    const bye = { kind: "bye", code: "checksum-wrong", message: "chunk 7" } as const;
    expect(client.receive(encode(bye), 0)).toMatchObject([
      { kind: "refused", ref, fault: { code: "checksum-wrong" } },
      { kind: "close", fault: { code: "checksum-wrong", message: "chunk 7" } },
    ]);
  });
});
