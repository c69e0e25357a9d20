import { decode } from "../../src/wire/codec.ts";
import type { Dice } from "./dice.ts";

/** Who shows a secret shows it to the server alone: TLS keeps it. */
const SECRETS: ReadonlySet<string> = new Set([
  ...["admit", "register", "passwd", "operate", "recover", "login"],
  "push-subscribe", // Who knows where a browser takes pushes may take its place.
]);
const CAPTURED_MAX = 200;

/** What honest programs have sent, for a hostile member to repeat. */
export class Captures {
  readonly #frames: Uint8Array[] = []; // Bounded by CAPTURED_MAX.

  add(bytes: Uint8Array): void {
    const incoming = decode(bytes);
    if (incoming.kind !== "message" || SECRETS.has(incoming.message.kind)) return;
    this.#frames.push(bytes.slice());
    if (this.#frames.length > CAPTURED_MAX) this.#frames.shift();
  }

  frame(dice: Dice): Uint8Array | undefined {
    return this.#frames.length === 0 ? undefined : dice.pick(this.#frames);
  }
}

export function mutated(dice: Dice, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice(0, dice.chance(0.2) ? dice.int(bytes.length) : bytes.length);
  for (let flips = dice.int(3); flips >= 0; flips--) {
    const at = dice.int(copy.length);
    if (copy.length > 0) copy[at] = (copy[at] ?? 0) ^ (1 << dice.int(8));
  }
  return copy;
}
