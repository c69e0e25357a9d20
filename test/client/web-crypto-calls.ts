/** Counts WebCrypto calls in flight, because threads compute them in real time. */

const METHODS = [
  ...["decrypt", "deriveBits", "deriveKey", "digest", "encrypt", "exportKey"],
  ...["generateKey", "importKey", "sign", "unwrapKey", "verify", "wrapKey"],
] as const;

interface Calls {
  readonly inFlight: Set<Promise<unknown>>;
}

/** Each test file may load this module again, but the runtime has only one WebCrypto. */
const shared = globalThis as { chatTestCalls?: Calls };

function watched(): Calls {
  const inFlight = new Set<Promise<unknown>>();
  const { subtle } = crypto;
  const methods = Object.getPrototypeOf(subtle) as Record<string, unknown>;
  for (const name of METHODS) {
    const method = methods[name] as (...args: unknown[]) => Promise<unknown>;
    methods[name] = function (this: SubtleCrypto, ...args: unknown[]): Promise<unknown> {
      const call = method.apply(this, args);
      const done = () => void inFlight.delete(call);
      inFlight.add(call);
      call.then(done, done);
      return call;
    };
  }
  return { inFlight };
}

shared.chatTestCalls ??= watched();
const { inFlight } = shared.chatTestCalls;

export async function webCryptoDone(): Promise<boolean> {
  if (inFlight.size === 0) return false;
  await Promise.allSettled(inFlight);
  return true;
}
