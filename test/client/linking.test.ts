import { describe, expect, test } from "bun:test";
import { accountKeyOf, grantLink, linkRequest, storeLinkedKey } from "../../src/client/linking.ts";
import { verifyDeviceCert } from "../../src/crypto/device-cert.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { linkCodeHash } from "../../src/crypto/link-code.ts";
import { systemEntropy } from "../../src/io/entropy.ts";
import { ClientState } from "../../src/io/state/client-state.ts";
import { faultCode } from "../fault-code.ts";
import { VirtualClock } from "./virtual-clock.ts";

const fingerprint = Identity.generate().fingerprint;
const code = new Uint8Array(16).fill(3);
const place = { code, fingerprint };
const device = Identity.generate();

function granter(user = "ana") {
  const state = ClientState.inMemory();
  const pem = state.accountKey(fingerprint, user, () => Identity.generate().toPem());
  const account = Identity.fromPem(pem);
  const parts = { ...place, user, state, clock: new VirtualClock(), entropy: systemEntropy() };
  return { account, parts };
}

describe("linking", () => {
  test("gives the new device the account key and a certificate", () => {
    const { account, parts } = granter();
    const grant = grantLink(parts, linkRequest(place, device.publicKey));
    expect(verifyDeviceCert(grant.deviceCert)).toMatchObject({ user: "ana", kind: "cli" });
    const state = ClientState.inMemory();
    storeLinkedKey(place, device.publicKey, { user: "ana", key: grant.key }, state);
    const stored = accountKeyOf({ state }, { fingerprint, user: "ana" });
    expect(stored.publicKey).toEqual(account.publicKey);
  });

  test("grants nothing if the server substitutes a key or forges a request", () => {
    const { parts } = granter();
    const request = linkRequest(place, device.publicKey);
    const own = Identity.generate().publicKey;
    const wrong = [
      { ...request, deviceKey: own },
      {
        ...linkRequest({ ...place, code: linkCodeHash(code).subarray(0, 16) }, own),
        code: request.code,
      },
      { ...request, code: request.code.map((byte) => byte ^ 1) },
      linkRequest({ ...place, fingerprint: Identity.generate().fingerprint }, device.publicKey),
    ];
    for (const one of wrong) expect(faultCode(() => grantLink(parts, one))).toBe("not-allowed");
    expect(faultCode(() => grantLink(parts, request))).toBe("none");
  });

  test("rejects another name or key in the server's answer", () => {
    const { parts } = granter();
    const { key } = grantLink(parts, linkRequest(place, device.publicKey));
    const state = ClientState.inMemory();
    for (const answer of [
      { user: "eve", key },
      { user: "ana", key: key.map((byte) => byte ^ 1) },
    ]) {
      const keep = () => storeLinkedKey(place, device.publicKey, answer, state);
      expect(faultCode(keep)).toBe("checksum-wrong");
    }
    expect(state.knownAccountKey(fingerprint, "ana")).toBeUndefined();
  });

  test("requires the account key for granting a link", () => {
    const state = ClientState.inMemory();
    expect(faultCode(() => accountKeyOf({ state }, { fingerprint, user: "ana" }))).toBe(
      "not-allowed",
    );
  });
});
