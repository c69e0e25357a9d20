import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { Session, type SessionEffect } from "../../../src/core/session/session.ts";
import { decode } from "../../../src/wire/codec.ts";
import type { Answer, Message, NoticeOf, RequestKind } from "../../../src/wire/messages.ts";
import { isRequest } from "../../../src/wire/messages-incoming.ts";
import { RECORDS_0_2_0, REQUESTS_0_2_0 } from "../../../src/wire/released.ts";
import recorded from "../../released/0.2.0-client/transcript.json" with { type: "json" };

/**
 * Everything that a client and a server of the released 0.2.0 sent to each other while two people
 * registered, talked, shared a file, read the history, created an encrypted room and checked the
 * proofs. One list per link.
 */
const LINKS = recorded.links.map((link) =>
  link.map(([from = "", text = ""]) => ({ from, bytes: Uint8Array.fromBase64(text) })),
);

function messageOf(bytes: Uint8Array): Message {
  const incoming = decode(bytes);
  if (incoming.kind !== "message") throw new Error(`${incoming.kind}: ${bytes.toHex()}`);
  return incoming.message;
}

function closingFault(effects: readonly SessionEffect[]): Fault | undefined {
  const closing = effects.find(({ kind }) => kind === "close");
  return closing?.kind === "close" ? closing.fault : undefined;
}

test.each(LINKS.map((link, i) => [i, link] as const))(
  "understands both sides of a link of 0.2.0, link %i",
  (_, link) => {
    const server = new Session("server", 0);
    const client = new Session("client", 0);
    const kinds = new Set<string>();
    for (const { from, bytes } of link) {
      const message = messageOf(bytes);
      kinds.add(message.kind);
      // Each side reads what the other one sent, and itself reaches the same state.
      const reader = from === "client" ? server : client;
      expect([message.kind, closingFault(reader.receive(bytes, 0))]).toEqual([
        message.kind,
        undefined,
      ]);
      if (isRequest(message)) {
        const { kind, ref, ...fields } = message;
        expect(Object.keys(REQUESTS_0_2_0)).toContain(kind);
        const sent = client.request(kind, fields as never);
        expect(sent.ref).toBe(ref);
        const [transmit] = sent.effects;
        if (transmit?.kind !== "transmit") throw new Error("nothing is sent");
        // The present client sends all fields that 0.2.0 sent, and no other.
        const again = [...transmit.bytes, ...(transmit.tail ?? [])];
        expect([kind, again.length]).toEqual([kind, bytes.length]);
        expect(messageOf(Uint8Array.from(again))).toEqual(message);
      } else if (message.kind === "ok") {
        server.answer<RequestKind>(message.ref, message as unknown as Answer<RequestKind>);
      } else if (message.kind === "fault") {
        const { ref = 0, code, message: reason } = message as NoticeOf<"fault">;
        server.refuse(ref, new Fault(code as "internal", reason));
      } else {
        const writer = from === "client" ? client : server;
        writer.notify(message as never);
      }
    }
    expect([server.phase, client.phase]).not.toContain("greeting");
    expect(kinds.size).toBeGreaterThan(3);
  },
);

test("the transcript has the usual requests and records", () => {
  const messages = LINKS.flat().map(({ bytes }) => messageOf(bytes));
  const requests = messages.filter(isRequest).map(({ kind }) => kind);
  const usual = ["register", "login", "join", "post", "offer", "fetch", "history", "checkpoint"];
  expect(requests).toEqual(expect.arrayContaining(usual));
  const heads = messages.flatMap((message) =>
    message.kind === "records" ? message.records.map(({ head }) => Buffer.from(head)) : [],
  );
  const kinds = heads.map((head) => JSON.parse(head.toString()).kind);
  expect(Object.keys(RECORDS_0_2_0)).toEqual(expect.arrayContaining([...new Set(kinds)]));
  expect(kinds).toEqual(expect.arrayContaining(["text", "action", "topic", "file", "sealed"]));
});
