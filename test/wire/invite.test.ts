import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { toBase64Url } from "../../src/base/bytes.ts";
import { Fault } from "../../src/base/fault.ts";
import { CLUSTER_ADDRESSES_MAX } from "../../src/base/limits-cluster.ts";
import { checkName } from "../../src/base/names.ts";
import { parseFingerprint } from "../../src/wire/fingerprint.ts";
import {
  encodeSecret,
  formatAddress,
  formatInvite,
  parseServerSpec,
  quoteInvite,
  type ServerSpec,
  secretFromInput,
  trimCopied,
} from "../../src/wire/invite.ts";
import { ANY_CHARACTER } from "../any-character.ts";
import { faultOf } from "../fault-code.ts";

const FP = toBase64Url(new Uint8Array(32).fill(7));

function refused(text: string): Fault {
  const fault = faultOf(() => parseServerSpec(text));
  if (fault === undefined) throw new Error(`${text} was accepted`);
  return fault;
}

describe("parseServerSpec", () => {
  test("parses short forms", () => {
    expect(parseServerSpec("example.org")).toEqual({
      host: "example.org",
      port: 2428,
      portGiven: false,
    });
    expect(parseServerSpec("192.168.1.20:5000")).toEqual({
      host: "192.168.1.20",
      port: 5000,
      portGiven: true,
    });
    expect(parseServerSpec("[::1]").host).toBe("::1");
    expect(parseServerSpec("[FE80::1%eth0]:99")).toEqual({
      host: "fe80::1%eth0",
      port: 99,
      portGiven: true,
    });
    expect(parseServerSpec("udp://Host:1")).toEqual({
      host: "host",
      port: 1,
      portGiven: true,
      transport: "udp",
      isTransportFixed: true,
    });
    expect(parseServerSpec("tcp://h")).toMatchObject({ transport: "tcp", isTransportFixed: true });
  });

  test("parses the address of the page", () => {
    const port = (number: number) => ({ host: "chat.example", port: number, portGiven: true });
    expect(parseServerSpec("https://chat.example")).toEqual(port(443));
    expect(parseServerSpec("https://chat.example:2428/")).toEqual(port(2428));
    expect(parseServerSpec("<HTTPS://chat.example:2428/#/lobby/12>")).toEqual(port(2428));
    const invited = parseServerSpec("https://chat.example:99/?a=b#invite=a%20b&x=1");
    expect(invited).toEqual({ ...port(99), secret: "a b" });
    expect(parseServerSpec("https://[::1]:5/")).toMatchObject({ host: "::1", port: 5 });
  });

  test("parses an invite", () => {
    const text = `chat://[::1]:2429/lobby?fp=${FP}&via=udp#p%20%27%C3%A4%23`;
    const address = parseServerSpec(text);
    expect(address).toEqual({
      host: "::1",
      port: 2429,
      portGiven: true,
      transport: "udp",
      room: checkName("lobby"),
      fingerprint: parseFingerprint(`SHA256:${FP}`),
      secret: "p 'ä#",
    });
    expect(formatInvite(address)).toBe(text);
    expect(quoteInvite(address)).toBe(`'${text}'`);
  });

  test.each([
    [`chat://10.0.0.1:2429/lobby?fp=${FP}#blue-house-7`],
    ["chat://10.0.0.1/lobby"],
    ["chat://[::1]:2429/lab#p%2F%3D"],
    ["https://chat.example:99/?a=b#invite=a%20b&x=1"],
    ["https://chat.example:99/#/lobby/12"],
  ])("parses %s without its scheme", (text) => {
    expect(parseServerSpec(text.replace(/^.*?:\/\//, ""))).toEqual(parseServerSpec(text));
  });

  test("parses an invite with several addresses", () => {
    const text = `chat://10.0.0.1:2428/lobby?fp=${FP}&also=10.0.0.2:2428,[fd00::3]:99#s`;
    const address = parseServerSpec(` «${text}». `);
    expect(address.also).toEqual([
      { host: "10.0.0.2", port: 2428 },
      { host: "fd00::3", port: 99 },
    ]);
    expect(formatInvite(address)).toBe(text);
    expect(parseServerSpec("chat://h?also=B.example,").also).toEqual([
      { host: "b.example", port: 2428 },
    ]);
    expect(parseServerSpec("chat://h?also=")).not.toContainKey("also");
    const many = (count: number) => Array.from({ length: count }, (_, i) => `h${i}`).join(",");
    const most = parseServerSpec(`chat://h?also=${many(CLUSTER_ADDRESSES_MAX - 1)}`);
    expect(most.also).toHaveLength(CLUSTER_ADDRESSES_MAX - 1);
    expect(refused(`chat://h?also=${many(CLUSTER_ADDRESSES_MAX)}`).message).toContain("at most");
  });

  test("accepts missing fields of an invite and ignores unknown ones", () => {
    expect(parseServerSpec("chat://h")).toEqual({ host: "h", port: 2428, portGiven: false });
    expect(parseServerSpec("chat://h/?new=1#")).toEqual({
      host: "h",
      port: 2428,
      portGiven: false,
    });
    expect(parseServerSpec(`CHAT://h?fp=SHA256:${FP}`).fingerprint).toBe(parseFingerprint(FP));
  });

  test.each([
    ["", "address"],
    ["999.1.2.3", "not an IP address"],
    ["host:0", "not a port"],
    ["host:70000", "not a port"],
    ["two words", "not a host name"],
    ["münchen.local", "not a host name"],
    [`${"a".repeat(64)}.org`, "not a host name"],
    ["::1", "not a server address"],
    ["[::1", "not a server address"],
    ["[::1]x", "not a server address"],
    ["[1::2::3]", "not an IPv6 address"],
    ["[1.2.3.4]", "not an IPv6 address"],
    ["http://host", "not a server address"],
    ["https://", "not a server address"],
    ["https://user@host/", "not a host name"],
    ["https://host/#invite=%zz", "damaged"],
    ["chat://", "not a server address"],
    ["chat://user@host", "not a host name"],
    ["chat://host/12", "is not a valid room name"],
    ["chat://host?fp=abc", "not a fingerprint"],
    ["chat://host?via=smoke", "not a transport"],
    ["chat://host?also=a:0", "not a port"],
    ["chat://host?also=a,b%20c", "not a host name"],
    ["chat://host#%zz", "damaged"],
    [`chat://host#${"x".repeat(1025)}`, "damaged"],
  ])("refuses '%s'", (text, sentence) => {
    const fault = refused(text);
    expect(fault.exitCode).toBe(2);
    expect(fault.message).toContain(sentence);
    expect(`${fault.message}${fault.remedy}`).not.toContain("\n");
  });

  test("never includes the secret in a fault", () => {
    for (const text of ["chat://ho st#geheim", "x://host#geheim", "chat://host:0#geheim"]) {
      const fault = refused(text);
      expect(`${fault.message} ${fault.remedy}`).not.toContain("geheim");
    }
  });

  test("parses any text or throws a usage fault", () =>
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."ab1.:/[]%@?#&= \n\ud800chat://udp") }),
        (text) => {
          try {
            parseServerSpec(text);
          } catch (error) {
            expect(error instanceof Fault && error.exitCode).toBe(2);
          }
        },
      ),
    ));
});

const host = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.domain().map((name) => name.toLowerCase()),
);
const address: fc.Arbitrary<ServerSpec> = fc.record(
  {
    host,
    port: fc.integer({ min: 1, max: 65_535 }),
    portGiven: fc.constant(true),
    also: fc.array(fc.record({ host, port: fc.integer({ min: 1, max: 65_535 }) }), {
      minLength: 1,
      maxLength: CLUSTER_ADDRESSES_MAX - 1,
    }),
    transport: fc.constantFrom("tcp", "udp"),
    room: fc.stringMatching(/^[A-Za-z_-][A-Za-z0-9_-]{0,31}$/).map((text) => checkName(text)),
    fingerprint: fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => parseFingerprint(toBase64Url(bytes))),
    secret: fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }),
  },
  { requiredKeys: ["host", "port", "portGiven"] },
);

test("parses a formatted invite, which needs only single quotes in a shell", () =>
  fc.assert(
    fc.property(address, (item) => {
      const text = formatInvite(item);
      expect(text).toMatch(/^[!-&(-~]+$/);
      expect(parseServerSpec(text)).toEqual(item);
      const { host: h, port, portGiven } = item;
      expect(parseServerSpec(formatAddress(item))).toEqual({ host: h, port, portGiven });
    }),
  ));

const LINE = "chat://192.0.2.7:2428/lobby#abcd-efgh";

describe("copied invites", () => {
  test.each([
    [`'${LINE}'`],
    [`"${LINE}"`],
    [`'${LINE}'\n`],
    [`\t ${LINE} \r\n`],
    [`"'${LINE}'"`],
    [`<${LINE}>`],
    [`(${LINE}).`],
    [`\u2018${LINE}\u2019`],
    [`\u201c${LINE}\u201d.`],
    [`\u201e${LINE}\u201c,`],
    [`\u00ab\u00a0${LINE}\u00a0\u00bb`],
    [`\`${LINE}\``],
    [`\ufeff\u200b${LINE}\u200b`],
    [`'${LINE}`],
    [`${LINE}'`],
    [`${LINE}.`],
  ])("parses %j", (copied) => {
    expect(trimCopied(copied)).toBe(LINE);
    expect(parseServerSpec(copied)).toEqual(parseServerSpec(LINE));
  });

  test("refuses an address of quotes only", () => {
    expect(() => parseServerSpec("''")).toThrow("is not a server address");
  });

  test("preserves any secret in quotes", () => {
    const quotes = fc.constantFrom("'", '"', "\u2019", ">", ").", " ", "");
    fc.assert(
      fc.property(
        fc.string({ unit: ANY_CHARACTER, minLength: 1, maxLength: 20 }),
        quotes,
        (invite, quote) => {
          const secret = `${invite.toWellFormed()}.')!`;
          const line = formatInvite({ host: "h", port: 1, portGiven: true, secret });
          expect(parseServerSpec(`"${line}${quote}`).secret).toBe(secret);
          expect(decodeURIComponent(trimCopied(encodeSecret(secret) + quote))).toBe(secret);
        },
      ),
    );
  });
});

test.each([
  ["open sesame.", "open sesame."],
  ["'quoted'", "'quoted'"],
  [`'${LINE}'`, "abcd-efgh"],
  ["https://192.0.2.7:2428/#invite=a%20b", "a b"],
  ["http://127.0.0.1:99/#TOKEN&invite=a%20b", "a b"],
  ["chat://192.0.2.7:2428/lobby", "chat://192.0.2.7:2428/lobby"],
  [`${LINE}%E0%A4%A`, `${LINE}%E0%A4%A`],
  ["", ""],
])("reads the typed room password %j as %j", (typed, secret) => {
  expect(secretFromInput(typed)).toBe(secret);
});
