import { expect, test } from "bun:test";
import { checkName } from "../../../src/base/names.ts";
import { makeDeviceCert } from "../../../src/crypto/device-cert.ts";
import { Identity } from "../../../src/crypto/identity.ts";
import { MemberCertificates } from "../../../src/crypto/seal/members.ts";
import { SERVER_TEXT } from "./devices.ts";

const account = Identity.generate();
const device = Identity.generate();

function leafOf(signedAtUnixMs: number) {
  const identity = makeDeviceCert(account, {
    server: SERVER_TEXT,
    user: checkName("ana"),
    deviceKey: device.publicKey,
    kind: "cli",
    signedAtUnixMs,
  });
  const credential = { credentialType: "basic", identity } as const;
  return { credential, signaturePublicKey: device.publicKey };
}

test("a cached certificate is not valid for another key or server", async () => {
  const certificates = new MemberCertificates([SERVER_TEXT]);
  const leaf = leafOf(1);
  expect(await certificates.deviceOf(leaf)).toBeDefined();
  const signaturePublicKey = Identity.generate().publicKey;
  expect(await certificates.deviceOf({ ...leaf, signaturePublicKey })).toBeUndefined();
  expect(await new MemberCertificates([]).deviceOf(leaf)).toBeUndefined();
  const x509 = { credentialType: "x509" as const, certificates: [] };
  expect(await certificates.deviceOf({ ...leaf, credential: x509 })).toBeUndefined();
  const [first, ...remaining] = leaf.credential.identity;
  const flipped = new Uint8Array([(first ?? 0) ^ 1, ...remaining]);
  const credential = { credentialType: "basic", identity: flipped } as const;
  expect(await certificates.deviceOf({ ...leaf, credential })).toBeUndefined();
});
