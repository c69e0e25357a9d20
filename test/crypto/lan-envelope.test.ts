import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { concatBytes } from "../../src/base/bytes.ts";
import { checkName } from "../../src/base/names.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { LanEnvelope, lanKey } from "../../src/crypto/lan-envelope.ts";
import type { Fingerprint } from "../../src/wire/fingerprint.ts";
import { joinLanDatagram, type LanBody, splitLanDatagram } from "../../src/wire/lan.ts";
import vector from "../vectors/lan.json";
import { identityOfSeed } from "./seed-identity.ts";

const PLACE = vector.place;
const KEY = Uint8Array.fromHex(vector.key);
const SESSION = Uint8Array.fromHex(vector.session);
const NONCE = Uint8Array.fromHex(vector.nonce);
const ana = identityOfSeed(Uint8Array.fromHex(vector.seed));

function envelope(key?: Uint8Array, place = PLACE, device = ana): LanEnvelope {
  const randomBytes = (sizeBytes: number) => (sizeBytes === SESSION.length ? SESSION : NONCE);
  return new LanEnvelope({ device, groupAddress: place, key, randomBytes });
}

const letter = {
  sequence: 7,
  timeUnixMs: 1_795_153_593_123,
  body: { kind: "text", name: checkName("ana"), texts: 1, text: "hi", isAction: false },
} as const;

describe.each(vector.datagrams.map((datagram) => [datagram.name, datagram] as const))(
  "golden: %s",
  (_, { sealed, sequence, timeUnixMs, words: body, hex }) => {
    const golden = envelope(sealed ? KEY : undefined);

    test("encodes the vector", () => {
      const content = { sequence, timeUnixMs, body: body as LanBody };
      expect(golden.write(content).toHex()).toBe(hex);
    });

    test("decodes the vector", () => {
      expect(golden.read(Uint8Array.fromHex(hex))).toEqual({
        keyId: vector.fingerprint as Fingerprint,
        session: vector.session,
        sequence,
        timeUnixMs,
        body: body as LanBody,
      });
    });
  },
);

describe.each([
  ["open", undefined],
  ["sealed", KEY],
] as const)("%s", (_, key) => {
  const encoded = envelope(key).write(letter);

  test("detects any flipped bit", () => {
    for (let at = 0; at < encoded.length; at++) {
      for (const bit of [1, 128]) {
        const flipped = encoded.slice();
        flipped[at] = (flipped[at] ?? 0) ^ bit;
        expect(typeof envelope(key).read(flipped)).toBe("string");
      }
    }
  });

  test("rejects datagrams of another group or port", () => {
    for (const place of ["224.1.1.2:5004", "224.1.1.1:5005"]) {
      expect(envelope(key, place).read(encoded)).toBe("malformed");
    }
  });
});

test("derives the vector's key, and another key for another group", async () => {
  expect((await lanKey(vector.password, PLACE)).toHex()).toBe(vector.key);
  expect((await lanKey(vector.password, "224.1.1.1:5005")).toHex()).not.toBe(vector.key);
});

test("rejects a signature by another key", () => {
  const { signedBytes: signed } = splitLanDatagram(envelope().write(letter));
  const eve = Identity.generate();
  expect(envelope().read(joinLanDatagram(signed, eve.sign(signed)))).toBe("malformed");
  const other = splitLanDatagram(envelope(undefined, PLACE, eve).write(letter));
  expect(envelope().read(joinLanDatagram(signed, other.signature))).toBe("malformed");
});

test("distinguishes wrong passwords, missing passwords and plain text", () => {
  const sealed = envelope(KEY).write(letter);
  expect(envelope(new Uint8Array(32)).read(sealed)).toBe("sealed");
  expect(envelope().read(sealed)).toBe("sealed");
  expect(envelope(KEY).read(envelope().write(letter))).toBe("open");
  expect(envelope().read(new TextEncoder().encode("hello"))).toBe("plain");
  const later = envelope().write(letter);
  later[4] = 2;
  expect(envelope().read(later)).toBe("version");
});

test("decodes or rejects arbitrary bytes", () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1_400 }), fc.boolean(), (bytes, headed) => {
      const head = envelope().write(letter).subarray(0, 59);
      const all = headed ? concatBytes(head, bytes) : bytes;
      expect(typeof envelope().read(all)).toBe("string");
      expect(typeof envelope(KEY).read(all)).toBe("string");
    }),
  ));
