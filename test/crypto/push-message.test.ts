import { describe, expect, test } from "bun:test";
import { fromBase64Url, toBase64Url } from "../../src/base/bytes.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { isPushPoint, pushKeyOf, sealPush } from "../../src/crypto/push-message.ts";
import { PushReceiver, readVapid } from "./push-receiver.ts";

const SIGNER = pushKeyOf(Identity.fromSeed(new Uint8Array(32).fill(7)));

function push(receiver: PushReceiver, text: string) {
  const { key, auth } = receiver;
  const endpoint = "https://push.example.org:8443/p/1?x=2";
  const contact = "mailto:ana@example.org";
  const options = { endpoint, key, auth, text, topic: "T".repeat(32), ttlS: 60, contact };
  return sealPush(options, SIGNER);
}

describe("a push message", () => {
  test("is decrypted by a receiver that passes the RFC's example", async () => {
    // Example from RFC 8291, section 5 and appendix A.
    const ofRfc = new PushReceiver(
      fromBase64Url("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"),
      fromBase64Url("BTBZMqHH6r4Tts7J_aSIgg"),
    );
    const body =
      "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vC" +
      "YLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXL" +
      "WyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
    expect(ofRfc.open(fromBase64Url(body))).toBe("When I grow up, I want to be a watermelon");
    const { body: ours } = await push(ofRfc, "kita bertemu di bawah 🌳");
    expect(ofRfc.open(ours)).toBe("kita bertemu di bawah 🌳");
  });

  test("has a constant length and new keys", async () => {
    const receiver = new PushReceiver();
    const [one, other] = [await push(receiver, "a"), await push(receiver, "b".repeat(500))];
    expect(one.body.length).toBe(other.body.length);
    expect(one.body.length).toBeLessThanOrEqual(4096);
    expect(one.body.subarray(0, 16)).not.toEqual(other.body.subarray(0, 16));
    expect(() => new PushReceiver().open(one.body)).toThrow();
  });

  test("identifies only the server to the push service", async () => {
    const { headers } = await push(new PushReceiver(), "a secret");
    const { authorization = "", ...others } = headers;
    const { aud, exp, sub, key } = readVapid(authorization);
    expect([aud, sub]).toEqual(["https://push.example.org:8443", "mailto:ana@example.org"]);
    const hours = (exp - Date.now() / 1000) / 3600;
    expect(hours > 0 && hours <= 24).toBe(true);
    expect(key).toBe(toBase64Url(SIGNER.publicKey));
    expect(others).toEqual({
      ttl: "60",
      urgency: "high",
      topic: "T".repeat(32),
      "content-encoding": "aes128gcm",
      "content-length": "4096",
      "content-type": "application/octet-stream",
    });
  });

  test("cannot be encrypted for an invalid key", () => {
    const off = SIGNER.publicKey.slice();
    off[64] = (off[64] ?? 0) ^ 1;
    const bad = [new Uint8Array(65), off, SIGNER.publicKey.subarray(1), new Uint8Array(0)];
    for (const bytes of bad) expect(isPushPoint(bytes)).toBe(false);
  });
});
