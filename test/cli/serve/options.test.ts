import { describe, expect, test } from "bun:test";
import { dailyQuotasOf, quotasOf } from "../../../src/cli/serve/flags.ts";
import { pushContact, pushDelivery } from "../../../src/cli/serve/push.ts";
import { Identity } from "../../../src/crypto/identity.ts";
import { PushReceiver } from "../../crypto/push-receiver.ts";
import { rejection } from "../../rejection.ts";

test("parses sizes with units", () => {
  const files = { fileMax: "2G", filesPerUser: "1.5 TB", filesTotal: "10GiB", keepFree: "0" };
  const given = { ...files, historyPerDay: "1 GiB", textsPerDay: "10M" };
  expect(dailyQuotasOf(given)).toEqual({ historyBytesPerDay: 2 ** 30, textsBytesPerDay: 1e7 });
  expect(quotasOf(given)).toEqual({
    fileBytesMax: 2e9,
    userBytesMax: 1.5e12,
    totalBytesMax: 10 * 2 ** 30,
    freeBytesMin: 0,
  });
});

describe("the contact for push services", () => {
  test.each([
    ["ana@example.org", "mailto:ana@example.org"],
    ["mailto:ana@example.org", "mailto:ana@example.org"],
    ["https://example.org/contact", "https://example.org/contact"],
  ])("%s", (given, contact) => expect(pushContact(given)).toBe(contact));

  test.each(["", "ana", "@", "ana@", "a b@c", 'a"@c', "http://example.org/", "a@b\r\nx: y"])(
    "%j is none",
    (given) => expect(() => pushContact(given)).toThrow(/^invalid mail address: /),
  );
});

test("checks a stored subscription before each message", async () => {
  const settings = { contact: "mailto:ana@example.org", isPrivateAllowed: false };
  const delivery = pushDelivery(Identity.generate(), settings);
  const { key, auth } = new PushReceiver();
  const [endpoint, device] = ["https://10.0.0.1/x", "device"];
  const good = { key: key.toBase64({ alphabet: "base64url" }), auth: auth.toBase64() };
  const push = { text: "text", topic: "topic" };
  const user = "ana" as never;
  for (const keys of [good, { key: "??", auth: "" }, { key: "AAAA", auth: "AAAA" }]) {
    const sent = delivery.send({ user, device, endpoint, ...keys }, push);
    expect(await rejection(sent)).toMatchObject({ code: "not-allowed" });
  }
  expect(() => delivery.check("https://push.example.org/x", new Uint8Array(65))).toThrow();
  expect(() => delivery.check("https://push.example.org/x", key)).not.toThrow();
});

test("reports a malformed size with its flag", () => {
  expect(() => quotasOf({ keepFree: "much" } as never)).toThrow(/^--keep-free: /);
});
