/** Block of ChaCha20 (RFC 8439), because the library is too large for the page's first load. */

const DOUBLE_ROUNDS = 10;
/** Words of "expand 32-byte k". */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;

/**
 * Encrypts or decrypts.
 * @param key 32 bytes
 * @param nonce 12 bytes, which no other content under the key has
 * @param content at most 64 bytes
 */
export function chacha20(key: Uint8Array, nonce: Uint8Array, content: Uint8Array): Uint8Array {
  const first = [...CONSTANTS, ...words(key), 0, ...words(nonce)];
  const state = Uint32Array.from(first);
  for (let step = 0; step < DOUBLE_ROUNDS * 8; step++) {
    // Each double round has four columns and four diagonals.
    const column = step % 4;
    const shift = step % 8 < 4 ? 0 : 1;
    const [b, c, d] = [1, 2, 3].map((row) => 4 * row + ((column + shift * row) % 4));
    for (const [sum, added, turned, bits] of [
      [column, b, d, 16],
      [c, d, b, 12],
      [column, b, d, 8],
      [c, d, b, 7],
    ] as number[][])
      mix(state, sum, added, turned, bits);
  }
  return content.map((byte, index) => {
    const at = index >> 2;
    return byte ^ (((state[at] ?? 0) + (first[at] ?? 0)) >>> (8 * (index % 4)));
  });
}

function mix(state: Uint32Array, sum = 0, added = 0, turned = 0, bits = 0): void {
  const total = (state[sum] ?? 0) + (state[added] ?? 0);
  state[sum] = total;
  const mixed = (state[turned] ?? 0) ^ total;
  state[turned] = (mixed << bits) | (mixed >>> (32 - bits));
}

/** Reads little-endian words, as all platforms of Bun and of browsers do. */
function words(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.slice().buffer);
}
