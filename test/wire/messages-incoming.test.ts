import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import { PREDECESSORS_MAX } from "../../src/base/limits.ts";
import { checkMessage, isRequest } from "../../src/wire/messages-incoming.ts";

function faultOf(value: unknown): Fault {
  try {
    checkMessage(value);
  } catch (error) {
    if (error instanceof Fault) return error;
  }
  throw new Error("it was accepted");
}

describe("a kind that is both asked and told", () => {
  test("is a request by its ref, and a notice without", () => {
    const asked = checkMessage({ kind: "read", ref: 7, room: "r", n: 3, later: true });
    expect(asked).toEqual({ kind: "message", message: { kind: "read", ref: 7, room: "r", n: 3 } });
    const told = checkMessage({ kind: "read", room: "r", n: 3 });
    expect(told).toEqual({ kind: "message", message: { kind: "read", room: "r", n: 3 } });
    if (asked.kind !== "message" || told.kind !== "message") throw new Error("no messages");
    expect([isRequest(asked.message), isRequest(told.message)]).toEqual([true, false]);
    expect(checkMessage({ kind: "ignored", ref: 7 }).kind).toBe("message");
    expect(checkMessage({ kind: "ignored", users: ["bob"] }).kind).toBe("message");
  });

  test("each with its own fields", () => {
    expect(checkMessage({ kind: "read", ref: 7, room: "r" })).toMatchObject({
      kind: "refused",
      ref: 7,
      fault: { code: "frame-malformed" },
    });
    expect(faultOf({ kind: "read", room: "r" }).code).toBe("frame-malformed");
    expect(faultOf({ kind: "ignored" }).code).toBe("frame-malformed");
  });
});

test("a request without a ref can be answered by nobody; an unknown notice needs no answer", () => {
  expect(faultOf({ kind: "who" }).code).toBe("frame-malformed");
  expect(checkMessage({ kind: "weather" })).toEqual({ kind: "ignored" });
  expect(checkMessage({ kind: "weather", ref: 1 })).toMatchObject({ kind: "refused", ref: 1 });
  expect(checkMessage({ kind: "presence", ref: 1 })).toMatchObject({
    fault: { code: "kind-unknown" },
  });
});

test("a welcome names so many keys of before, and no more", () => {
  const bytes = (size: number) => new Uint8Array(size);
  const welcome = (count: number) => ({
    kind: "welcome",
    version: 1,
    server: { name: "s", key: bytes(32) },
    nonce: bytes(32),
    certificate: bytes(32),
    proof: bytes(64),
    needs: "open",
    limits: { messageBytes: 1, textBytes: 1 },
    predecessors: Array.from({ length: count }, () => ({ key: bytes(32), signature: bytes(64) })),
  });
  expect(checkMessage(welcome(PREDECESSORS_MAX)).kind).toBe("message");
  expect(faultOf(welcome(PREDECESSORS_MAX + 1)).code).toBe("too-large");
});

test("answers and faults carry a ref and ask nothing", () => {
  for (const message of [
    { kind: "ok", ref: 1 },
    { kind: "fault", ref: 1, code: "x", message: "y" },
  ]) {
    const incoming = checkMessage(message);
    if (incoming.kind !== "message") throw new Error("no message");
    expect(isRequest(incoming.message)).toBe(false);
  }
});
