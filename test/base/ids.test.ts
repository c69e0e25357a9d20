import { expect, test } from "bun:test";
import fc from "fast-check";
import { directRoomId, ID_BYTES, isDirect, outboxId, roomId, userId } from "../../src/base/ids.ts";

const sha256 = (bytes: Uint8Array) => new Uint8Array(Bun.SHA256.hash(bytes) as Uint8Array);
const random = fc.uint8Array({ minLength: ID_BYTES, maxLength: ID_BYTES });

test("ids begin with the letter of their type", () => {
  const zero = new Uint8Array(ID_BYTES);
  expect([userId(zero), roomId(zero), outboxId(zero)] as string[]).toEqual([
    "uAAAAAAAAAAA",
    "rAAAAAAAAAAA",
    "AAAAAAAAAAA",
  ]);
  expect(isDirect(roomId(zero))).toBe(false);
});

test("derives one direct room per pair of users", () =>
  fc.assert(
    fc.property(random, random, random, (one, other, third) => {
      const [a, b, c] = [userId(one), userId(other), userId(third)];
      const room = directRoomId(a, b, sha256);
      expect(room).toBe(directRoomId(b, a, sha256));
      expect(room).toMatch(/^d[A-Za-z0-9_-]{22}$/);
      expect(isDirect(room)).toBe(true);
      if (b !== c) expect(directRoomId(a, c, sha256)).not.toBe(room);
    }),
  ));
