import { describe, expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { SILENCE_MAX_MS } from "../../../src/base/limits.ts";
import { Session, type SessionEffect } from "../../../src/core/session/session.ts";
import { decode, encode, type Outgoing } from "../../../src/wire/codec.ts";
import type { Message, NoticeOf } from "../../../src/wire/messages.ts";

const BYTES = new Uint8Array(32);
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

function sent(effects: readonly SessionEffect[]): Message[] {
  return effects.flatMap((effect) => {
    if (effect.kind !== "transmit") return [];
    const incoming = decode(effect.bytes);
    return incoming.kind === "message" ? [incoming.message] : [];
  });
}

/** A server's session with a client that was greeted. */
function entering(): { session: Session; hear: (message: Outgoing) => SessionEffect[] } {
  const session = new Session("server", 0);
  const hear = (message: Outgoing) => session.receive(encode(message), 0);
  hear(HELLO);
  session.tell(WELCOME);
  return { session, hear };
}

const login = (ref: number) => ({ kind: "login", ref, user: "ana", deviceKey: BYTES }) as const;
const register = (ref: number) =>
  ({
    kind: "register",
    ref,
    user: "ana",
    deviceKey: BYTES,
    accountKey: BYTES,
    deviceCert: BYTES,
  }) as const;

describe("entering", () => {
  test("one log-in or registration at a time; whoever was refused may try again", () => {
    const { session, hear } = entering();
    expect(hear(login(1)).map(({ kind }) => kind)).toEqual(["request"]);
    for (const second of [login(2), register(3)]) {
      expect(sent(hear(second))).toMatchObject([{ kind: "fault", code: "too-many" }]);
    }
    expect(hear({ kind: "admit", ref: 4, secret: "x" }).map(({ kind }) => kind)).toEqual([
      "request",
    ]);
    session.refuse(1, new Fault("login-refused", "no"));
    expect(hear(register(5)).map(({ kind }) => kind)).toEqual(["request"]);
    session.answer<"register">(5, { account: "u", user: "ana", seq: 0 });
    expect(session.phase).toBe("member");
  });

  test("a ref in use is not to be used again, by a malformed request neither", () => {
    for (const body of [
      { kind: "login", ref: 1 },
      { kind: "teleport", ref: 1 },
    ]) {
      const { session, hear } = entering();
      hear(login(1));
      const effects = session.receive(encode(body as unknown as Outgoing), 0);
      expect(sent(effects)).toMatchObject([{ kind: "bye", code: "out-of-order" }]);
      expect(effects.at(-1)).toMatchObject({ kind: "close" });
    }
  });
});

describe("sentences that quote what came", () => {
  test("stay readable when the quote ends in half a character", () => {
    const { session, hear } = entering();
    hear(login(1));
    const [answer] = sent(session.refuse(1, new Fault("name-invalid", "'x\ud83d' is no name")));
    expect(answer).toMatchObject({ kind: "fault", message: "'x\ufffd' is no name" });
    const [bye] = sent(session.close(new Fault("internal", "\udc00", { remedy: "\ud800" })));
    expect(bye).toMatchObject({ kind: "bye", message: "\ufffd", remedy: "\ufffd" });
  });
});

describe("a client that nobody greets", () => {
  test("has one deadline, and its tick ends it: no timer runs in circles before", () => {
    const session = new Session("client", 0);
    session.tell(HELLO);
    expect(session.deadline()).toBe(SILENCE_MAX_MS);
    expect(session.tick(SILENCE_MAX_MS - 1)).toEqual([]);
    const effects = session.tick(session.deadline() ?? 0);
    expect(effects.at(-1)).toMatchObject({ kind: "close", fault: { code: "timeout" } });
    expect(session.deadline()).toBeUndefined();
  });
});
