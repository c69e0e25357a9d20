import { expect, test } from "bun:test";
import { utf8Encode } from "../../src/base/bytes.ts";
import { lanKey, openLanBody, sealLanBody } from "../../src/crypto/lan-seal.ts";
import vector from "../vectors/lan.json";

const PLACE = vector.place;
const head = utf8Encode("the head");
const body = utf8Encode("the body");
const nonce = Uint8Array.fromHex(vector.nonce);
const key = Uint8Array.fromHex(vector.key);

test("the key of a password is as the vector has it, and another elsewhere", async () => {
  expect((await lanKey(vector.password, PLACE)).toHex()).toBe(vector.key);
  expect((await lanKey(vector.password, "224.1.1.1:5005")).toHex()).not.toBe(vector.key);
  expect((await lanKey("Swordfish", PLACE)).toHex()).not.toBe(vector.key);
});

test("a body comes back under its key and head, and under no others", async () => {
  const sealed = sealLanBody(key, head, body, nonce);
  expect(openLanBody(key, head, sealed)).toEqual(body);
  expect(openLanBody(key, utf8Encode("another head"), sealed)).toBeUndefined();
  expect(openLanBody(await lanKey("other", PLACE), head, sealed)).toBeUndefined();
});

test("a body that was cut or changed anywhere does not open", () => {
  const sealed = sealLanBody(key, head, body, nonce);
  for (let at = 0; at < sealed.length; at++) {
    expect(openLanBody(key, head, sealed.subarray(0, at))).toBeUndefined();
    const flipped = sealed.slice();
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    expect(openLanBody(key, head, flipped)).toBeUndefined();
  }
});
