import { expect, test } from "bun:test";
import { linkCodeHash, linkMac, openAccountKey } from "../../../src/crypto/link-code.ts";
import { hashLinkCode, isLinkMac, sealAccountSeed } from "../../../src/web/browser/link-crypto.ts";
import type { Fingerprint } from "../../../src/wire/fingerprint.ts";

const bytes = (length: number, of: number) => new Uint8Array(length).fill(of);
const code = bytes(16, 1);
const deviceKey = bytes(32, 2);
const server = Buffer.alloc(32, 3).toString("base64url") as Fingerprint;
const user = "ana";

test("computes the same link code values as the program", async () => {
  expect(await hashLinkCode(code)).toEqual(linkCodeHash(code));
  const mac = linkMac(code, deviceKey, server);
  expect(await isLinkMac(mac, code, deviceKey, server)).toBe(true);
  expect(await isLinkMac(mac, bytes(16, 4), deviceKey, server)).toBe(false);
  expect(await isLinkMac(mac, code, bytes(32, 4), server)).toBe(false);
  expect(await isLinkMac(bytes(0, 0), code, deviceKey, server)).toBe(false);
});

test("seals an account key that a program can open with the code", async () => {
  const seed = bytes(32, 5);
  const context = { code, deviceKey, server, user };
  const sealed = await sealAccountSeed(context, seed, bytes(12, 6));
  expect(openAccountKey(context, sealed)).toEqual(seed);
  expect(openAccountKey({ ...context, user: "eve" }, sealed)).toBeUndefined();
  expect(openAccountKey({ ...context, code: bytes(16, 7) }, sealed)).toBeUndefined();
});
