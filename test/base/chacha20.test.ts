import { expect, test } from "bun:test";
import { chacha20 as libraryChacha20 } from "@noble/ciphers/chacha.js";
import { chacha20 } from "../../src/base/chacha20.ts";

test("produces the block of RFC 8439, appendix A.1", () => {
  const block = chacha20(new Uint8Array(32), new Uint8Array(12), new Uint8Array(64));
  expect(block.toHex()).toStartWith("76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1a");
});

test("agrees with the library", () => {
  for (let n = 1; n < 50; n++) {
    const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * n * 37 + n) & 255);
    const [key, nonce, content] = [bytes(32), bytes(12), bytes(n)];
    expect(chacha20(key, nonce, content)).toEqual(libraryChacha20(key, nonce, content));
  }
});
