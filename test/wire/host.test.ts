import { expect, test } from "bun:test";
import { isIP } from "node:net";
import fc from "fast-check";
import { isHostName, isHostOf, isIpv4, isIpv6 } from "../../src/wire/host.ts";
import { sampleSize } from "../samples.ts";

const nearly = fc.string({ unit: fc.constantFrom(..."0129afg:.:."), maxLength: 24 });

test("agrees with the system about IP addresses", () =>
  fc.assert(
    fc.property(fc.oneof(nearly, fc.ipV4(), fc.ipV6()), (text) => {
      expect(isIpv4(text)).toBe(isIP(text) === 4);
      expect(isIpv6(text)).toBe(isIP(text) === 6);
    }),
    { numRuns: sampleSize(600, 3_000) },
  ));

test("checks host names as in DNS", () => {
  for (const name of ["a", "host.local", "x-1.example.org.", "_srv.x", "1password.com"]) {
    expect(isHostName(name)).toBe(true);
  }
  for (const name of ["", ".", "a..b", "-a", "a-", "a.1", "a b", "a/b", `${"x.".repeat(130)}y`]) {
    expect(isHostName(name)).toBe(false);
  }
});

const NAMES: ReadonlySet<string> = new Set(["room12", "chat.example", "*.wild.example"]);

test.each([
  ...[null, "", "127.0.0.1", "192.0.2.7:2428", "[::1]", "[fe80::1%eth0]:2428", "localhost"],
  ...["LOCALHOST:1", "localhost.", "abc.localhost:2428", "room12:2428", "Room12", "room12.local"],
  ...["chat.example:", "chat.example.:443", "one.wild.example"],
])("accepts Host: %s", (header) => expect(isHostOf(NAMES, header)).toBe(true));

test.each([
  ...["evil.example:2428", "localhost.evil.example", "evillocalhost", "local", ".local", "a b"],
  ...["chat.example.evil.example", "two.one.wild.example", "wild.example", "*.wild.example"],
  ...["127.0.0.1.evil.example", "127.0.0.1, evil.example", "127.0.0.1:2428:1", "127.0.0.1/x"],
  ...["user@127.0.0.1", "127.1", "0x7f000001", "[::1", "[evil.example]", "[::1].evil.example"],
])("rejects Host: %s", (header) => expect(isHostOf(NAMES, header)).toBe(false));
