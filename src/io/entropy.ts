/** Source of random bytes for drivers. Simulations provide seeded bytes. */

export type Entropy = (sizeBytes: number) => Uint8Array;

const POOL_BYTES = 4096;

export function systemEntropy(): Entropy {
  let pool = new Uint8Array(0);
  let used = 0;
  return (sizeBytes) => {
    if (sizeBytes > POOL_BYTES) return crypto.getRandomValues(new Uint8Array(sizeBytes));
    if (pool.length - used < sizeBytes) {
      pool = crypto.getRandomValues(new Uint8Array(POOL_BYTES));
      used = 0;
    }
    used += sizeBytes;
    return pool.slice(used - sizeBytes, used);
  };
}
