import { decode } from "../../src/wire/codec.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** Requests with secrets, which TLS hides from other members. */
const SECRETS: ReadonlySet<string> = new Set([
  ...["admit", "register", "passwd", "operate", "recover", "login"],
  "push-subscribe", // Contains the endpoint, which replaces a subscription.
]);
const CAPTURED_MAX = 200;

export class Captures {
  readonly #frames: Uint8Array[] = []; // Bounded by CAPTURED_MAX.

  add(bytes: Uint8Array): void {
    const incoming = decode(bytes);
    if (incoming.kind !== "message" || SECRETS.has(incoming.message.kind)) return;
    this.#frames.push(bytes.slice());
    if (this.#frames.length > CAPTURED_MAX) this.#frames.shift();
  }

  frame(random: SeededRandom): Uint8Array | undefined {
    return this.#frames.length === 0 ? undefined : random.pick(this.#frames);
  }
}

export function mutated(random: SeededRandom, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice(0, random.chance(0.2) ? random.int(bytes.length) : bytes.length);
  for (let flips = random.int(3); flips >= 0; flips--) {
    const at = random.int(copy.length);
    if (copy.length > 0) copy[at] = (copy[at] ?? 0) ^ (1 << random.int(8));
  }
  return copy;
}
