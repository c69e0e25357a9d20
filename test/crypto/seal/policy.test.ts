import { expect, test } from "bun:test";
import { toBase64Url } from "../../../src/base/bytes.ts";
import { GROUP_ADMINS_MAX, GROUP_POLICY_BYTES_MAX } from "../../../src/base/limits-sealed.ts";
import {
  POLICY_EXTENSION,
  policyExtensions,
  readPolicy,
  type SealPolicy,
} from "../../../src/crypto/seal/policy.ts";
import { packValue } from "../../../src/wire/codec.ts";
import vectors from "../../vectors/sealed.json";

const vector = vectors.policy;
const admin = (byte: number) => toBase64Url(new Uint8Array(32).fill(byte));
const policy: SealPolicy = {
  room: vector.room,
  admins: vector.admins.map((key) => toBase64Url(Uint8Array.fromHex(key))),
  adders: "members",
  web: true,
  history: false,
};

function extensionsWith(value: Readonly<Record<string, unknown>> | Uint8Array) {
  const extensionData = value instanceof Uint8Array ? value : packValue(value);
  const [required] = policyExtensions(policy);
  if (required === undefined) throw new Error("two extensions");
  return [required, { extensionType: POLICY_EXTENSION, extensionData }];
}

test("matches the golden vector", () => {
  const [required, rules] = policyExtensions(policy);
  expect(required?.extensionData.toHex()).toBe(vector.requiredCapabilities);
  expect(rules?.extensionType).toBe(vector.extensionType);
  expect(rules?.extensionData.toHex()).toBe(vector.bytes);
  expect(readPolicy(policyExtensions(policy))).toEqual(policy);
});

test("allows 1 to GROUP_ADMINS_MAX admins", () => {
  const admins = Array.from({ length: GROUP_ADMINS_MAX }, (_, i) => admin(i));
  const [, rules] = policyExtensions({ ...policy, admins });
  expect(rules?.extensionData.length).toBeLessThan(GROUP_POLICY_BYTES_MAX);
  expect(() => policyExtensions({ ...policy, admins: [...admins, admin(200)] })).toThrow();
  expect(() => policyExtensions({ ...policy, admins: [] })).toThrow();
});

test("rejects other encodings, values and extensions", () => {
  const key = new Uint8Array(32).fill(1);
  const value = {
    sealed: 1,
    room: "r",
    admins: [key],
    adders: "admins",
    web: false,
    history: true,
  };
  expect(readPolicy(extensionsWith(value))).toMatchObject({ room: "r", adders: "admins" });
  for (const wrong of [
    { ...value, sealed: 2 },
    { ...value, sealed: true },
    { ...value, more: 1 },
    { ...value, room: "" },
    { ...value, room: "r".repeat(65) },
    { ...value, admins: [] },
    { ...value, admins: [key, key] },
    { ...value, admins: [key.slice(1)] },
    { ...value, admins: ["AQ"] },
    { ...value, adders: "nobody" },
    { ...value, web: 1 },
    { ...value, history: undefined },
    { room: "r", sealed: 1, admins: [key], adders: "admins", web: false, history: true },
    new Uint8Array(0),
    new Uint8Array([0x80]),
    new Uint8Array([0xc0]),
    new Uint8Array(GROUP_POLICY_BYTES_MAX + 1),
  ]) {
    expect(readPolicy(extensionsWith(wrong))).toBeUndefined();
  }
  const [required, rules] = policyExtensions(policy);
  if (required === undefined || rules === undefined) throw new Error("two extensions");
  const further = { extensionType: 0xf0c5, extensionData: new Uint8Array(0) };
  expect(readPolicy([required, rules, further])).toBeUndefined();
  expect(readPolicy([rules, required])).toBeUndefined();
  expect(readPolicy([rules])).toBeUndefined();
  expect(readPolicy([])).toBeUndefined();
});
