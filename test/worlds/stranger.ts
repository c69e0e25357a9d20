import type { Dial, Link } from "../../src/io/link/link.ts";
import { decode, encode } from "../../src/wire/codec.ts";
import { VERSION } from "../../src/wire/messages.ts";
import type { Dice } from "./dice.ts";
import { SERVER } from "./machine.ts";
import type { Platform } from "./platform.ts";
import { demand } from "./witness.ts";

export type Trick = "noise" | "mutants" | "flood" | "replay" | "silence" | "crowd";
export const TRICKS: readonly Trick[] = ["noise", "mutants", "flood", "replay", "silence", "crowd"];

/** Who shows a secret shows it to the server alone: TLS keeps it. */
const SECRETS: ReadonlySet<string> = new Set([
  ...["admit", "register", "passwd", "operate", "recover"],
  "push-subscribe", // Who knows where a browser takes pushes may take its place.
]);
/** What honest programs have sent, for those who listen. */
const CAPTURED_MAX = 200;

export class Captures {
  readonly #frames: Uint8Array[] = []; // Bounded by CAPTURED_MAX.
  readonly #logins: Uint8Array[] = [];

  add(bytes: Uint8Array): void {
    const incoming = decode(bytes);
    if (incoming.kind !== "message") return;
    const { message } = incoming;
    if (SECRETS.has(message.kind)) return;
    if (message.kind === "login") {
      if (message.signature !== undefined) keep(this.#logins, bytes);
    } else keep(this.#frames, bytes);
  }

  /** One of them, with some bits turned over. */
  mutant(dice: Dice): Uint8Array {
    if (this.#frames.length === 0) return dice.bytes(20);
    return mutated(dice, dice.pick([...this.#frames, ...this.#logins]));
  }

  login(dice: Dice): Uint8Array | undefined {
    return this.#logins.length === 0 ? undefined : dice.pick(this.#logins);
  }

  frame(dice: Dice): Uint8Array | undefined {
    return this.#frames.length === 0 ? undefined : dice.pick(this.#frames);
  }
}

function keep(list: Uint8Array[], bytes: Uint8Array): void {
  list.push(bytes.slice());
  if (list.length > CAPTURED_MAX) list.shift();
}

export function mutated(dice: Dice, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice(0, dice.chance(0.2) ? dice.int(bytes.length) : bytes.length);
  for (let flips = dice.int(3); flips >= 0; flips--) {
    const at = dice.int(copy.length);
    if (copy.length > 0) copy[at] = (copy[at] ?? 0) ^ (1 << dice.int(8));
  }
  return copy;
}

/** Comes from nowhere, belongs to nobody, and must get nowhere. */
export async function visit(
  trick: Trick,
  around: Platform,
  dial: Dial,
  until: Promise<void>,
): Promise<void> {
  const { dice } = around;
  const count = trick === "crowd" ? 30 : 1;
  const links: Link[] = [];
  for (let i = 0; i < count; i++) {
    const link = await dial({ ...SERVER, timeoutMs: 1_000 }).catch(() => undefined);
    if (link === undefined) continue;
    links.push(link);
    link.receive({
      message: (bytes) => around.guard(() => refused(bytes)),
      closed: () => undefined,
    });
    if (trick !== "noise" && trick !== "crowd") link.send(hello(dice));
  }
  for (const link of links) play(trick, around, link);
  await until;
  for (const link of links) link.destroy();
}

function play(trick: Trick, { dice, captures }: Platform, link: Link): void {
  switch (trick) {
    case "noise":
      for (let i = dice.int(5); i >= 0; i--) link.send(dice.bytes(dice.int(300)));
      return;
    case "mutants":
      for (let i = dice.int(20); i >= 0; i--) link.send(captures.mutant(dice));
      return;
    case "flood":
      for (let ref = 1; ref < 200; ref++) {
        link.send(encode({ kind: dice.pick(["rooms", "devices"] as const), ref }));
        if (ref % 10 === 0) link.send(encode(guess(dice, ref + 1_000)));
      }
      return;
    case "replay": {
      const login = captures.login(dice);
      if (login !== undefined) link.send(login);
      for (let i = 0; i < 5; i++) link.send(captures.frame(dice) ?? dice.bytes(9));
      return;
    }
    default:
      return;
  }
}

function hello(dice: Dice): Uint8Array {
  return encode({
    kind: "hello",
    versions: [VERSION],
    client: "stranger",
    nonce: dice.bytes(32),
  });
}

function guess(dice: Dice, ref: number) {
  const password = `guess ${dice.int(1_000)}`;
  const user = dice.pick(["ana", "nobody"]);
  return { kind: "login", ref, user, deviceKey: dice.bytes(32), password } as const;
}

/** Nobody is let in, and nothing of the rooms is told. */
function refused(bytes: Uint8Array): void {
  const incoming = decode(bytes);
  if (incoming.kind !== "message") return;
  const { message } = incoming;
  const harmless = ["welcome", "fault", "bye", "ping", "pong", "guess-delay"];
  const isHarmless = harmless.includes(message.kind);
  demand(isHarmless, () => `a stranger is told '${message.kind}'`);
}
