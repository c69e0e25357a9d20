import { expect, test } from "bun:test";
import {
  linkCodeHash,
  linkMac,
  openAccountKey,
  sealAccountKey,
} from "../../../src/crypto/link-code.ts";
import {
  hashLinkCode,
  openAccountSeed,
  linkMac as pageLinkMac,
  sealAccountSeed,
} from "../../../src/web/driver/linking.ts";
import type { Fingerprint } from "../../../src/wire/fingerprint.ts";

const bytes = (length: number, of: number) => new Uint8Array(length).fill(of);
const code = bytes(16, 1);
const deviceKey = bytes(32, 2);
const server = Buffer.alloc(32, 3).toString("base64url") as Fingerprint;
const user = "ana";

test("computes the same link code values as the program", async () => {
  expect(await hashLinkCode(code)).toEqual(linkCodeHash(code));
  for (const kind of ["cli", "web"] as const) {
    expect(await pageLinkMac(code, deviceKey, server, kind)).toEqual(
      linkMac(code, deviceKey, server, kind),
    );
  }
  // A server that hides that the device is a page is noticed.
  expect(linkMac(code, deviceKey, server, "web")).not.toEqual(linkMac(code, deviceKey, server));
});

test("seals an account key that a program can open with the code", async () => {
  const seed = bytes(32, 5);
  const context = { code, deviceKey, server, user };
  const sealed = await sealAccountSeed(context, seed, bytes(12, 6));
  expect(openAccountKey(context, sealed)).toEqual(seed);
  expect(openAccountKey({ ...context, user: "eve" }, sealed)).toBeUndefined();
  expect(openAccountKey({ ...context, code: bytes(16, 7) }, sealed)).toBeUndefined();
});

test("opens an account key that a program has sealed with the code", async () => {
  const seed = bytes(32, 5);
  const context = { code, deviceKey, server, user };
  const sealed = sealAccountKey(context, seed, bytes(12, 6));
  expect(await openAccountSeed(context, sealed)).toEqual(seed);
  expect(await openAccountSeed({ ...context, user: "eve" }, sealed)).toBeUndefined();
  expect(await openAccountSeed({ ...context, code: bytes(16, 7) }, sealed)).toBeUndefined();
  for (const length of [0, 11, 12, 40]) {
    expect(await openAccountSeed(context, sealed.slice(0, length))).toBeUndefined();
  }
});
