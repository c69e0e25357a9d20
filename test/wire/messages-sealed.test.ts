import { expect, test } from "bun:test";
import * as v from "valibot";
import { GROUP_DEVICES_MAX, KEY_PACKAGES_MAX } from "../../src/base/limits-sealed.ts";
import { SEALED_REQUESTS, sealedBody } from "../../src/wire/messages-sealed.ts";

const device = new Uint8Array(32);

test("a sealed post has some bytes, and an epoch", () => {
  const ciphertext = Uint8Array.of(1);
  expect(v.is(sealedBody, { epoch: 0, ciphertext })).toBe(true);
  expect(v.is(sealedBody, { epoch: 0, ciphertext: new Uint8Array(0) })).toBe(false);
  expect(v.is(sealedBody, { epoch: -1, ciphertext })).toBe(false);
  expect(v.is(sealedBody, { ciphertext })).toBe(false);
});

test("a commit names as many devices as a group may have", () => {
  const { added, removed } = SEALED_REQUESTS["group-commit"].fields;
  const all = Array(GROUP_DEVICES_MAX).fill({ user: "ana", device });
  expect(v.is(added, all)).toBe(true);
  expect(v.is(added, [...all, all[0]])).toBe(false);
  const keys = Array(GROUP_DEVICES_MAX).fill(device);
  expect(v.is(removed, keys)).toBe(true);
  expect(v.is(removed, [...keys, device])).toBe(false);
});

test("a device gives as many key packages as it keeps", () => {
  const { packages } = SEALED_REQUESTS["key-packages"].fields;
  const stock = Array(KEY_PACKAGES_MAX).fill(Uint8Array.of(1));
  expect(v.is(packages, stock)).toBe(true);
  expect(v.is(packages, [...stock, Uint8Array.of(1)])).toBe(false);
});
