import { describe, expect, test } from "bun:test";
import {
  makeServerProof,
  verifyDeviceProof,
  verifyServerProof,
} from "../../src/crypto/greeting.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { deviceProofBytes, serverProofBytes } from "../../src/crypto/signed-bytes.ts";
import vector from "../vectors/greeting.json";
import { makeDeviceProof } from "./device-proof.ts";
import { identityOfSeed } from "./seed-identity.ts";

const hex = (text: string) => Uint8Array.fromHex(text);
const greeting = {
  certificateHash: hex(vector.certificateHash),
  clientNonce: hex(vector.clientNonce),
  serverNonce: hex(vector.serverNonce),
};

describe("golden vector", () => {
  test("matches the server's proof", () => {
    const server = identityOfSeed(hex(vector.server.seed));
    expect(server.publicKey.toHex()).toBe(vector.server.publicKey);
    expect(`SHA256:${server.fingerprint}`).toBe(vector.server.fingerprint);
    expect(serverProofBytes(greeting).toHex()).toBe(vector.server.signedBytes);
    expect(makeServerProof(server, greeting).toHex()).toBe(vector.server.proof);
    expect(verifyServerProof(server.publicKey, greeting, hex(vector.server.proof))).toBe(true);
  });

  test("matches the device's proof", () => {
    const { user, proof, seed, signedBytes } = vector.device;
    const device = identityOfSeed(hex(seed));
    expect(deviceProofBytes(greeting, user).toHex()).toBe(signedBytes);
    expect(makeDeviceProof(device, greeting, user).toHex()).toBe(proof);
    expect(verifyDeviceProof(device.publicKey, greeting, user, hex(proof))).toBe(true);
    expect(verifyDeviceProof(device.publicKey, greeting, "anb", hex(proof))).toBe(false);
  });
});

describe("a proof is invalid after changing", () => {
  const identity = Identity.generate();

  test.each(["certificateHash", "clientNonce", "serverNonce"] as const)("its %s", (field) => {
    const proof = makeServerProof(identity, greeting);
    const other = { ...greeting, [field]: new Uint8Array(32).fill(9) };
    expect(verifyServerProof(identity.publicKey, other, proof)).toBe(false);
  });

  test("rejects a nonce of the wrong length without an assertion", () => {
    const short = { ...greeting, clientNonce: new Uint8Array(31) };
    expect(verifyServerProof(identity.publicKey, short, new Uint8Array(64))).toBe(false);
    expect(verifyDeviceProof(identity.publicKey, short, "ana", new Uint8Array(64))).toBe(false);
  });
});
