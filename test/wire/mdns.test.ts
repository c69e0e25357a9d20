import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { mentionsService, questionSubject } from "../../src/wire/mdns.ts";

const TYPE_AND_CLASS = [0, 12, 0, 1];
const TCP_LOCAL = "\x04_tcp\x05local\x00";

function datagram(count: number, ...parts: readonly (string | readonly number[])[]): Uint8Array {
  const bytes = parts.flatMap((part) =>
    typeof part === "string" ? [...Buffer.from(part, "latin1")] : part,
  );
  return Uint8Array.from([0, 0, 0, 0, 0, count, 0, 0, 0, 0, 0, 0, ...bytes]);
}

const query = (...names: readonly string[]) =>
  datagram(names.length, ...names.flatMap((name) => [name, TYPE_AND_CLASS]));

describe("subject of a question", () => {
  test.each([
    ["the service", `\x05_chat${TCP_LOCAL}`, "chat"],
    ["the service in capital letters", "\x05_CHAT\x04_TCP\x05Local\x00", "chat"],
    ["a server of the service", `\x04Haus\x05_chat${TCP_LOCAL}`, "chat"],
    ["a subtype of the service", `\x02_x\x04_sub\x05_chat${TCP_LOCAL}`, "chat"],
    ["a server's address", "\x15chat-q3lr9mvt0sxyb7ck\x05local\x00", "chat"],
    ["all services", "\x09_services\x07_dns-sd\x04_udp\x05local\x00", "services"],
    ["another service", `\x04_ipp${TCP_LOCAL}`, undefined],
    ["a service with a longer name", `\x08_chatter${TCP_LOCAL}`, undefined],
    ["the service over UDP", "\x05_chat\x04_udp\x05local\x00", undefined],
    ["another type of ours", `\x0b_chat-share${TCP_LOCAL}`, undefined],
    ["a server of another service", `\x05_chat\x04_ipp${TCP_LOCAL}`, undefined],
  ])("is recognized for %s", (_, name, subject) => {
    expect(questionSubject(query(name), "chat")).toBe(subject as "chat" | undefined);
  });

  test("is that of any question, also with a compressed name", () => {
    const other = `\x04_ipp${TCP_LOCAL}`;
    expect(questionSubject(query(other, other, `\x05_chat${TCP_LOCAL}`), "chat")).toBe("chat");
    const compressed = datagram(2, other, TYPE_AND_CLASS, "\x05_chat\xc0\x11", TYPE_AND_CLASS);
    expect(questionSubject(compressed, "chat")).toBe("chat");
  });

  test("is read of any bytes", () => {
    expect(questionSubject(datagram(1, "\xc0\x0c"), "chat")).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(255), (bytes, count) => {
        expect(questionSubject(datagram(count, [...bytes]), "chat")).not.toBe("chat-share");
      }),
    );
  });
});

test("a response mentions the service if a label is its name", () => {
  const response = (text: string) => datagram(0, text);
  expect(mentionsService(response("\x05_chat\xc0\x11"), "chat")).toBe(true);
  expect(mentionsService(response("\x05_CHAT\xc0\x11"), "chat")).toBe(true);
  expect(mentionsService(response("\x0b_chat-share\xc0\x11"), "chat-share")).toBe(true);
  expect(mentionsService(response("\x0b_chat-share\xc0\x11"), "chat")).toBe(false);
  expect(mentionsService(response("\x08_chatter\xc0\x11"), "chat")).toBe(false);
});
