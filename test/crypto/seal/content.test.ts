import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { utf8Encode } from "../../../src/base/bytes.ts";
import { SEALED_BODY_BYTES_MAX } from "../../../src/base/limits-sealed.ts";
import { readContent, type SealedContent, writeContent } from "../../../src/crypto/seal/content.ts";
import { sealedLeaveBytes } from "../../../src/crypto/signed-bytes.ts";
import { packValue, unpackValue } from "../../../src/wire/codec.ts";
import vectors from "../../vectors/sealed.json";
import { identityOfSeed } from "../seed-identity.ts";
import { faultOf } from "./fault-of.ts";

const hex = (text: string) => Uint8Array.fromHex(text);
const vector = vectors.content;
const device = identityOfSeed(hex(vector.deviceSeed));
const place = { gid: hex(vector.gid), room: vector.room };
const content: SealedContent = {
  body: hex(vector.body),
  sentAtUnixMs: vector.sentAtUnixMs,
  count: vector.count,
  checkpoint: { size: vector.checkpoint.size, root: hex(vector.checkpoint.root) },
};
const golden = hex(vector.bytes);

describe("the content of a sealed message", () => {
  test("golden vector, written and read", async () => {
    expect((await writeContent(content, place, device)).toHex()).toBe(vector.bytes);
    const read = await readContent(golden, place, device.publicKey);
    const { signature, ...rest } = read;
    expect(rest).toEqual(content);
    expect(signature.toHex()).toBe(vector.signature);
    const { checkpoint: _, ...bare } = content;
    const short = await writeContent(bare, place, device);
    expect(short.toHex()).toBe(vector.bytesWithoutCheckpoint);
    expect(await readContent(short, place, device.publicKey)).toMatchObject(bare);
  });

  test("golden vector of a leave", () => {
    const leave = vectors.leave;
    const signed = sealedLeaveBytes(hex(leave.gid), leave.epoch, leave.room);
    expect(signed.toHex()).toBe(leave.signed);
    expect(device.sign(signed).toHex()).toBe(leave.signature);
  });

  test("holds for its group, room and device alone", async () => {
    const read = (bytes: Uint8Array, to: typeof place, key = device.publicKey) =>
      faultOf(readContent(bytes, to, key));
    expect(await read(golden, place)).toBe("no fault");
    expect(await read(golden, { ...place, gid: new Uint8Array(16) })).toBe("seal-broken");
    expect(await read(golden, { ...place, room: `${place.room}x` })).toBe("seal-broken");
    const other = identityOfSeed(new Uint8Array(32).fill(9)).publicKey;
    expect(await read(golden, place, other)).toBe("seal-broken");
    // A point of small order, and none at all.
    expect(await read(golden, place, new Uint8Array(32))).toBe("seal-broken");
    expect(await read(golden, place, new Uint8Array(31))).toBe("seal-broken");
  });

  test("damaged, cut and longer ones are refused", async () => {
    for (let at = 0; at < golden.length; at++) {
      const flipped = golden.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      const faults = [flipped, golden.slice(0, at)].map((bytes) =>
        faultOf(readContent(bytes, place, device.publicKey)),
      );
      for (const fault of await Promise.all(faults)) {
        expect(["frame-malformed", "seal-broken"]).toContain(fault);
      }
    }
    const longer = new Uint8Array([...golden, 0]);
    expect(await faultOf(readContent(longer, place, device.publicKey))).toBe("frame-malformed");
  });

  test("another spelling of the same is refused", async () => {
    const value = unpackValue(golden) as Record<string, unknown>;
    const { body, ts, c, checkpoint, sig } = value;
    for (const spelled of [
      { ts, body, c, checkpoint, sig },
      { ...value, more: 1 },
      { body, ts, c, checkpoint: { ...(checkpoint as object), more: 1 }, sig },
      { body, ts, c, checkpoint: null, sig },
      { body: "text", ts, c, sig },
      { body, ts: -1, c, sig },
      { body, ts, c: 1.5, sig },
      { body, ts, c, sig: new Uint8Array(63) },
      { body, ts, sig },
      [body, ts, c, sig],
    ]) {
      const bytes = packValue(spelled as Readonly<Record<string, unknown>>);
      expect(await faultOf(readContent(bytes, place, device.publicKey))).toBe("frame-malformed");
    }
  });

  test("any bytes are the sender's fault", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
        const fault = await faultOf(readContent(bytes, place, device.publicKey));
        expect(fault).toBe("frame-malformed");
      }),
    );
  });

  test("the longest body fits, and one byte more does not", async () => {
    const longest = { body: new Uint8Array(SEALED_BODY_BYTES_MAX), sentAtUnixMs: 0, count: 0 };
    const bytes = await writeContent(longest, place, device);
    expect((await readContent(bytes, place, device.publicKey)).body).toEqual(longest.body);
    const longer = { ...longest, body: new Uint8Array(SEALED_BODY_BYTES_MAX + 1) };
    expect(await faultOf(writeContent(longer, place, device))).toBe("too-large");
    const forged = { body: longer.body, ts: 0, c: 0, sig: new Uint8Array(64) };
    const reading = readContent(packValue(forged), place, device.publicKey);
    expect(await faultOf(reading)).toBe("frame-malformed");
  });

  test("what is signed for one purpose is nothing for another", () => {
    const leave = sealedLeaveBytes(place.gid, 1, place.room);
    expect(utf8Encode("chat/1 sealed leave\0").every((byte, i) => byte === leave[i])).toBe(true);
  });
});
