import { describe, expect, test } from "bun:test";
import { utf8Encode } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/base/fault.ts";
import { SEALED_BODY_BYTES_MAX, SEALED_UNSETTLED_MAX } from "../../../src/base/limits-sealed.ts";
import { UNIX_MS_MAX } from "../../../src/base/time.ts";
import {
  type CountRange,
  readContent,
  type SealedContent,
  writeContent,
} from "../../../src/crypto/seal/content.ts";
import { type SealedPlace, sealedLeaveBytes } from "../../../src/crypto/signed-bytes.ts";
import { packValue, unpackValue } from "../../../src/wire/codec.ts";
import vectors from "../../vectors/sealed.json";
import { identityOfSeed } from "../seed-identity.ts";
import { faultOf } from "./fault-of.ts";

const hex = (text: string) => Uint8Array.fromHex(text);
const vector = vectors.content;
const device = identityOfSeed(hex(vector.deviceSeed));
const place = {
  gid: hex(vector.gid),
  room: vector.room,
  epoch: vector.epoch,
  bound: utf8Encode(vector.record),
  account: hex(vector.account),
};
const content: SealedContent = {
  body: hex(vector.body),
  sentAtUnixMs: vector.sentAtUnixMs,
  count: vector.count,
  unconfirmed: vector.unsettled as unknown as CountRange[],
  checkpoint: {
    ...vector.checkpoint,
    root: hex(vector.checkpoint.root),
    signature: hex(vector.checkpoint.signature),
  },
};
const golden = hex(vector.bytes);

describe("the content of a sealed message", () => {
  test("matches the golden vector", async () => {
    expect((await writeContent(content, place, device)).toHex()).toBe(vector.bytes);
    const read = await readContent(golden, place, device.publicKey);
    const { signature, ...rest } = read;
    expect(rest).toEqual(content);
    expect(signature.toHex()).toBe(vector.signature);
    const { checkpoint: _, unconfirmed: __, ...bare } = content;
    const short = await writeContent(bare, place, device);
    expect(short.toHex()).toBe(vector.bytesAlone);
    expect(await readContent(short, place, device.publicKey)).toMatchObject(bare);
  });

  test("matches the golden vector of a leave", () => {
    const leave = vectors.leave;
    const signed = sealedLeaveBytes(hex(leave.gid), leave.epoch, leave.room);
    expect(signed.toHex()).toBe(leave.signed);
    expect(device.sign(signed).toHex()).toBe(leave.signature);
  });

  test("is bound to its group, room, epoch, record, account and device", async () => {
    const read = (bytes: Uint8Array, to: SealedPlace, key = device.publicKey) =>
      faultOf(readContent(bytes, to, key));
    expect(await read(golden, place)).toBe("no fault");
    expect(await read(golden, { ...place, gid: new Uint8Array(16) })).toBe("seal-broken");
    expect(await read(golden, { ...place, room: `${place.room}x` })).toBe("seal-broken");
    expect(await read(golden, { ...place, epoch: place.epoch + 1 })).toBe("seal-broken");
    expect(await read(golden, { ...place, bound: place.bound.slice(1) })).toBe("seal-broken");
    expect(await read(golden, { ...place, account: new Uint8Array(32) })).toBe("seal-broken");
    // No byte may move from the record's id to the room's.
    const [first = ""] = place.room;
    const moved = { bound: utf8Encode(`${vector.record}${first}`), room: place.room.slice(1) };
    expect(await read(golden, { ...place, ...moved })).toBe("seal-broken");
    const other = identityOfSeed(new Uint8Array(32).fill(9)).publicKey;
    expect(await read(golden, place, other)).toBe("seal-broken");
    expect(await read(golden, place, new Uint8Array(32))).toBe("seal-broken");
    expect(await read(golden, place, new Uint8Array(31))).toBe("seal-broken");
  });

  test("is rejected if damaged, truncated or extended", async () => {
    for (let at = 0; at < golden.length; at++) {
      const flipped = golden.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      const cut = readContent(golden.slice(0, at), place, device.publicKey);
      expect(await faultOf(cut)).toBe("frame-malformed");
      const read = await readContent(flipped, place, device.publicKey).catch(
        (fault: Fault) => fault,
      );
      if (read instanceof Fault) {
        expect(["frame-malformed", "seal-broken"]).toContain(read.code);
        continue;
      }
      const { body, count, sentAtUnixMs, checkpoint } = read;
      expect({ body, count, sentAtUnixMs }).toEqual({
        body: content.body,
        count: content.count,
        sentAtUnixMs: content.sentAtUnixMs,
      });
      expect(checkpoint?.root).toEqual(content.checkpoint?.root as Uint8Array);
      expect(checkpoint?.size).toBe(content.checkpoint?.size as number);
    }
    const longer = new Uint8Array([...golden, 0]);
    expect(await faultOf(readContent(longer, place, device.publicKey))).toBe("frame-malformed");
  });

  test("is rejected in a non-canonical encoding", async () => {
    const value = unpackValue(golden) as Record<string, unknown>;
    const { body, ts, c, open, checkpoint, sig } = value;
    const observed = checkpoint as Readonly<Record<string, unknown>>;
    const ranges = Array.from({ length: SEALED_UNSETTLED_MAX + 1 }, (_, at) => [2 * at + 1, 0]);
    for (const spelled of [
      { ts, body, c, open, checkpoint, sig },
      { more: 1, ...value },
      { body, ts, c, checkpoint: { ...observed, more: 1 }, sig },
      { body, ts, c, checkpoint: { ...observed, origin: "c".repeat(65) }, sig },
      { body, ts, c, checkpoint: { ...observed, signature: new Uint8Array(63) }, sig },
      ...[
        null,
        [],
        [[1]],
        [[2, 1]],
        [[0, 1]],
        [
          [1, 2],
          [2, 3],
        ],
        [["1", 2]],
      ].map((wrong) => {
        return { body, ts, c, open: wrong, sig };
      }),
      { body, ts, c, open: ranges.map(([first]) => [first, first]), sig },
      { body, ts: UNIX_MS_MAX + 1, c, sig },
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

  test("ignores fields of later versions", async () => {
    const value = { ...(unpackValue(golden) as object), later: { some: [1] }, more: "x" };
    const { signature, ...rest } = await readContent(packValue(value), place, device.publicKey);
    expect(rest).toEqual(content);
    expect(signature.toHex()).toBe(vector.signature);
  });

  test("has a maximum body size", async () => {
    const longest = { body: new Uint8Array(SEALED_BODY_BYTES_MAX), sentAtUnixMs: 0, count: 0 };
    const bytes = await writeContent(longest, place, device);
    expect((await readContent(bytes, place, device.publicKey)).body).toEqual(longest.body);
    const longer = { ...longest, body: new Uint8Array(SEALED_BODY_BYTES_MAX + 1) };
    expect(await faultOf(writeContent(longer, place, device))).toBe("too-large");
    const forged = { body: longer.body, ts: 0, c: 0, sig: new Uint8Array(64) };
    const reading = readContent(packValue(forged), place, device.publicKey);
    expect(await faultOf(reading)).toBe("frame-malformed");
  });
});
