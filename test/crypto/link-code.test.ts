import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../src/base/fault.ts";
import { Identity } from "../../src/crypto/identity.ts";
import {
  linkCodeHash,
  linkMac,
  openAccountKey,
  sealAccountKey,
} from "../../src/crypto/link-code.ts";
import { formatLinkCode, LINK_CODE_BYTES, parseLinkCode } from "../../src/crypto/link-form.ts";
import vector from "../vectors/link.json";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const anyCode = fc.uint8Array({ minLength: LINK_CODE_BYTES, maxLength: LINK_CODE_BYTES });
const isCode = (text: string): boolean => {
  try {
    parseLinkCode(text);
    return true;
  } catch (error) {
    if (error instanceof Fault && error.code === "usage") return false;
    throw error;
  }
};

describe("a link code", () => {
  test("accepts upper and lower case, any grouping and confusable letters", () =>
    fc.assert(
      fc.property(anyCode, (code) => {
        const formatted = formatLinkCode(code);
        expect(formatted).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{3}$/);
        expect(parseLinkCode(formatted)).toEqual(code);
        const typed = formatted.toLowerCase().replaceAll("-", " ").replaceAll("0", "o");
        expect(parseLinkCode(` ${typed.replaceAll("1", "l")} `)).toEqual(code);
      }),
    ));

  test("rejects a wrong letter and swapped letters", () =>
    fc.assert(
      fc.property(anyCode, fc.nat({ max: 26 }), fc.nat({ max: 31 }), (code, at, digit) => {
        const letters = [...formatLinkCode(code).replaceAll("-", "")];
        const [old = "", next] = [letters[at], letters[at + 1]];
        const wrong = ALPHABET[digit] ?? "";
        const is0Z = [old, wrong].toSorted().join("") === "0Z";
        if (wrong !== old && !is0Z) expect(isCode(letters.with(at, wrong).join(""))).toBe(false);
        if (next === undefined || next === old || at === 25) return;
        if ([old, next].toSorted().join("") === "0Z") return;
        expect(
          isCode(
            letters
              .with(at, next)
              .with(at + 1, old)
              .join(""),
          ),
        ).toBe(false);
      }),
      { numRuns: 500 },
    ));
});

describe("messages through the server", () => {
  const { fingerprint } = Identity.generate();
  const code = new Uint8Array(LINK_CODE_BYTES).fill(1);
  const deviceKey = Identity.generate().publicKey;
  const context = { code, deviceKey, server: fingerprint, user: "ana" };
  const nonce = new Uint8Array(12).fill(9);

  test("deliver the account key to the device that knows the code", () => {
    const account = Identity.generate();
    const sealed = sealAccountKey(context, account.seed(), nonce);
    const seed = openAccountKey(context, sealed);
    if (seed === undefined) throw new Error("it is not opened");
    expect(Identity.fromSeed(seed).publicKey).toEqual(account.publicKey);
  });

  test("cannot be decrypted with another code, device, server or name, or after tampering", () => {
    const sealed = sealAccountKey(context, Identity.generate().seed(), nonce);
    const others = [
      { code: code.map((byte) => byte ^ 1) },
      { deviceKey: deviceKey.map((byte) => byte ^ 1) },
      { server: Identity.generate().fingerprint },
      { user: "ben" },
    ];
    for (const other of others) {
      expect(openAccountKey({ ...context, ...other }, sealed)).toBeUndefined();
    }
    for (let i = 0; i < sealed.length; i++) {
      const changed = sealed.with(i, (sealed[i] ?? 0) ^ 1);
      expect(openAccountKey(context, new Uint8Array(changed))).toBeUndefined();
      expect(openAccountKey(context, sealed.subarray(0, i))).toBeUndefined();
    }
  });

  test("do not let the server replace the new device's key", () => {
    const mac = linkMac(code, deviceKey, fingerprint);
    expect(linkMac(code, Identity.generate().publicKey, fingerprint)).not.toEqual(mac);
    expect(linkMac(linkCodeHash(code).subarray(0, 16), deviceKey, fingerprint)).not.toEqual(mac);
  });

  test("match the golden vector", () => {
    const hex = (text: string) => Uint8Array.fromHex(text);
    const given = {
      code: hex(vector.code),
      deviceKey: hex(vector.deviceKey),
      server: vector.server as typeof fingerprint,
      user: vector.user,
    };
    expect(formatLinkCode(given.code)).toBe(vector.shown);
    expect(linkCodeHash(given.code).toHex()).toBe(vector.hash);
    expect(linkMac(given.code, given.deviceKey, given.server).toHex()).toBe(vector.mac);
    expect(sealAccountKey(given, hex(vector.seed), hex(vector.nonce)).toHex()).toBe(vector.key);
    expect(openAccountKey(given, hex(vector.key))?.toHex()).toBe(vector.seed);
  });
});
