import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { utf8Encode } from "../../src/base/bytes.ts";
import {
  LAN_DATAGRAM_BYTES_MAX,
  LAN_QUERY_BYTES,
  LAN_TEXT_BYTES_MAX,
} from "../../src/base/limits.ts";
import { checkName } from "../../src/base/names.ts";
import { packValue } from "../../src/wire/codec.ts";
import {
  checkLanGroup,
  checkLanText,
  decodeLanBody,
  encodeLanBody,
  encodeLanHead,
  formatLanAddress,
  isLanDatagram,
  joinLanDatagram,
  type LanBody,
  type LanHead,
  splitLanDatagram,
} from "../../src/wire/lan.ts";
import { faultCode } from "../fault-code.ts";

const SEAL_BYTES = 28;
const LONG_NAME = checkName("n".repeat(32));
const SIGNATURE = new Uint8Array(64).fill(9);

const HEAD: LanHead = {
  kind: "text",
  isSealed: false,
  key: new Uint8Array(32).fill(1),
  session: new Uint8Array(8).fill(2),
  sequence: 3,
  timeUnixMs: 1_795_153_593_123,
};

function datagram(content: LanBody, head: Partial<LanHead> = {}): Uint8Array {
  const whole = { ...HEAD, kind: content.kind, ...head };
  const body = encodeLanBody(content, whole.isSealed);
  const sealed = whole.isSealed ? new Uint8Array([...new Uint8Array(SEAL_BYTES), ...body]) : body;
  return joinLanDatagram(new Uint8Array([...encodeLanHead(whole), ...sealed]), SIGNATURE);
}

const TEXT: LanBody = { kind: "text", name: LONG_NAME, texts: 1, text: "hi", isAction: false };

const anyName = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_-]{0,31}$/).map((text) => checkName(text));
const anyCount = fc.integer({ min: 1, max: 2 ** 32 - 1 });
const anyBody: fc.Arbitrary<LanBody> = fc.oneof(
  fc.record({ kind: fc.constant("query" as const), name: anyName, texts: anyCount }),
  fc.record({
    kind: fc.constant("announce" as const),
    name: anyName,
    texts: anyCount,
    isLeaving: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("text" as const),
    name: anyName,
    texts: anyCount,
    text: fc.string({ minLength: 1, maxLength: 200, unit: "grapheme" }),
    isAction: fc.boolean(),
  }),
);

describe("LAN datagram", () => {
  test("is decoded as it was encoded", () =>
    fc.assert(
      fc.property(anyBody, fc.boolean(), (content, isSealed) => {
        const { head, body, signature } = splitLanDatagram(datagram(content, { isSealed }));
        expect(head).toEqual({ ...HEAD, kind: content.kind, isSealed });
        expect(signature).toEqual(SIGNATURE);
        const plain = isSealed ? body.subarray(SEAL_BYTES) : body;
        expect(decodeLanBody(content.kind, plain)).toEqual(content);
      }),
    ));

  test("accepts the longest sealed name and text, and refuses a longer text", () => {
    const text = "x".repeat(LAN_TEXT_BYTES_MAX);
    const body = { ...TEXT, texts: 2 ** 32 - 1, text, isAction: true } as const;
    expect(datagram(body, { isSealed: true }).length).toBeLessThanOrEqual(LAN_DATAGRAM_BYTES_MAX);
    expect(faultCode(() => checkLanText(text))).toBe("none");
    expect(faultCode(() => checkLanText(`${text}x`))).toBe("too-large");
    expect(faultCode(() => checkLanText("ü".repeat(LAN_TEXT_BYTES_MAX / 2 + 1)))).toBe("too-large");
    expect(faultCode(() => checkLanText("\ud800"))).toBe("text-invalid");
    const longer = encodeLanBody({ ...body, text: `${text}x` }, false);
    expect(faultCode(() => decodeLanBody("text", longer))).toBe("frame-malformed");
  });

  test("is rejected above the maximum size", () => {
    const large = new Uint8Array(LAN_DATAGRAM_BYTES_MAX + 1);
    large.set(datagram(TEXT));
    expect(faultCode(() => splitLanDatagram(large))).toBe("too-large");
  });

  test("is as large for a query as for any answer", () =>
    fc.assert(
      fc.property(anyName, anyName, fc.boolean(), (asking, answering, isSealed) => {
        const query = datagram({ kind: "query", name: asking, texts: 0 }, { isSealed });
        expect(query.length).toBe(LAN_QUERY_BYTES);
        const texts = 2 ** 32 - 1;
        const answer = { kind: "announce", name: answering, texts, isLeaving: false } as const;
        expect(datagram(answer, { isSealed }).length).toBeLessThanOrEqual(query.length);
      }),
    ));

  test("is malformed if it is a smaller query", () => {
    const query = datagram({ kind: "query", name: LONG_NAME, texts: 0 });
    expect(faultCode(() => splitLanDatagram(query))).toBe("none");
    expect(faultCode(() => splitLanDatagram(query.subarray(0, LAN_QUERY_BYTES - 1)))).toBe(
      "frame-malformed",
    );
  });

  test("is rejected with another version, kind, flag or time", () => {
    const changed = (at: number, byte: number) => {
      const bytes = datagram(TEXT);
      bytes[at] = byte;
      return faultCode(() => splitLanDatagram(bytes));
    };
    expect(changed(4, 2)).toBe("version-unsupported");
    expect(changed(5, 0)).toBe("frame-malformed");
    expect(changed(5, 4)).toBe("frame-malformed");
    expect(changed(6, 2)).toBe("frame-malformed");
    expect(changed(51, 1)).toBe("frame-malformed");
    expect(changed(50, 0)).toBe("frame-malformed");
  });

  test("is never confused with plain text", () => {
    expect(isLanDatagram(datagram(TEXT))).toBe(true);
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(isLanDatagram(utf8Encode(text))).toBe(false);
      }),
    );
  });

  test("is malformed if cut anywhere", () => {
    const whole = datagram(TEXT);
    for (let length = 0; length < whole.length; length++) {
      const read = () => {
        const { head, body } = splitLanDatagram(whole.subarray(0, length));
        decodeLanBody(head.kind, body);
      };
      expect(faultCode(read)).toBe("frame-malformed");
    }
  });

  test("parses any bytes or faults the sender", () => {
    const read = (bytes: Uint8Array) => {
      const { head, body } = splitLanDatagram(bytes);
      decodeLanBody(head.kind, body);
    };
    const begin = datagram(TEXT).subarray(0, 59);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (rest, headed) => {
        const code = faultCode(() => read(headed ? new Uint8Array([...begin, ...rest]) : rest));
        expect(["none", "frame-malformed", "version-unsupported"]).toContain(code);
      }),
    );
  });
});

test("is malformed without a required field, and ignores unknown fields", () => {
  const good = { name: "ana", texts: 1, text: "hi" };
  const decode = (value: object) =>
    faultCode(() => decodeLanBody("text", packValue(value as Record<string, unknown>)));
  expect(decode({ ...good, later: [1, 2] })).toBe("none");
  const bad = [
    [],
    { ...good, name: undefined },
    { ...good, name: "12" },
    { ...good, name: "a b" },
    { ...good, texts: 0 },
    { ...good, texts: -1 },
    { ...good, texts: 1.5 },
    { ...good, texts: 2 ** 32 },
    { ...good, text: "" },
    { ...good, text: 7 },
    { ...good, action: 1 },
  ];
  for (const value of bad) expect(decode(value)).toBe("frame-malformed");
});

test("accepts only multicast addresses as groups", () => {
  for (const group of ["224.1.1.1", "239.255.255.255"]) expect(checkLanGroup(group)).toBe(group);
  for (const text of ["223.1.1.1", "240.0.0.1", "ff02::1", "224.1.1", "224.01.1.1", "all", ""]) {
    expect(faultCode(() => checkLanGroup(text))).toBe("usage");
  }
  expect(formatLanAddress("224.1.1.1", 5004)).toBe("224.1.1.1:5004");
});
