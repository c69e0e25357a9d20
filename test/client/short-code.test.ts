import { expect, test } from "bun:test";
import { utf8Decode, utf8Encode } from "../../src/base/bytes.ts";
import { Fault } from "../../src/base/fault.ts";
import { CODE_EXCHANGES_MAX } from "../../src/base/limits.ts";
import type { SendRequest } from "../../src/client/link/queries.ts";
import { OfferedCode, redeemCode } from "../../src/client/short-code.ts";
import { systemEntropy } from "../../src/io/entropy.ts";
import type { RequestFields } from "../../src/wire/messages.ts";
import { makeShortCode, parseShortCode } from "../../src/wire/short-code.ts";
import { rejection } from "../rejection.ts";

const random = systemEntropy();
const CHANNEL = utf8Encode("test");
const INVITE = "chat://192.0.2.7:40123/lobby?fp=x#secret";
const CODE = parseShortCode("7-tiger-canoe");

type Ask = RequestFields<"code-ask">;

/** Server between a host and guests; `pass` may change or replace what it relays. */
class Relay {
  readonly asked: Uint8Array[] = [];
  readonly replied: (Uint8Array | undefined)[] = [];
  answer: ReturnType<OfferedCode["serve"]> = () => {};
  readonly #waiting = new Map<number, (message: Uint8Array | undefined) => void>();
  #exchanges = 0;

  readonly request = (async (_kind: string, fields: RequestFields<"code-reply">) => {
    this.replied.push(fields.message);
    this.#waiting.get(fields.exchange)?.(fields.message);
    return {};
  }) as SendRequest;

  ask(exchange: number, message: Uint8Array): Promise<Uint8Array> {
    this.asked.push(message);
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    this.#waiting.set(exchange, (reply) => {
      if (reply === undefined) reject(new Fault("code-wrong", "wrong"));
      else resolve(reply);
    });
    this.answer({ kind: "code-asked", exchange, message });
    return promise;
  }

  guest(pass: (message: Uint8Array, step: number) => Uint8Array = (message) => message) {
    const exchange = ++this.#exchanges;
    let step = 0;
    return (async (_kind: string, { message }: Ask) => {
      return { message: pass(await this.ask(exchange, message), ++step) };
    }) as SendRequest;
  }
}

function offer(relays: readonly Relay[], code = CODE, grant = async () => utf8Encode(INVITE)) {
  const ended: string[] = [];
  const onEnded = (fault: Fault) => void ended.push(fault.code);
  let crowded = 0;
  const onCrowded = () => void crowded++;
  const offered = new OfferedCode({ code, channel: CHANNEL, random, grant, onCrowded, onEnded });
  for (const relay of relays) relay.answer = offered.serve(relay.request);
  return { ended, crowded: () => crowded };
}

async function redeem(
  request: SendRequest,
  code = CODE,
  onGuess = async () => {},
): Promise<string> {
  const parameters = { code, channel: CHANNEL, random };
  return utf8Decode(await redeemCode(request, parameters, new Uint8Array(0), onGuess));
}

test("several guests obtain the invite, one after another and together", async () => {
  const relay = new Relay();
  const { ended } = offer([relay]);
  expect(await redeem(relay.guest())).toBe(INVITE);
  const both = [redeem(relay.guest()), redeem(relay.guest())];
  expect(await Promise.all(both)).toEqual([INVITE, INVITE]);
  expect(ended).toEqual([]);
});

test("one wrong guess makes the code worthless at every server", async () => {
  const [lan, server] = [new Relay(), new Relay()];
  const { ended } = offer([lan, server]);
  const guess = redeem(server.guest(), parseShortCode("7-tomato-canoe"));
  expect(await rejection(guess)).toMatchObject({ code: "code-wrong" });
  for (const relay of [lan, server]) {
    expect(await rejection(redeem(relay.guest()))).toMatchObject({ code: "code-wrong" });
  }
  expect(ended).toEqual(["code-wrong"]);
});

test("a script that tries all codes learns nothing after its first guess", async () => {
  const relay = new Relay();
  offer([relay]);
  const codes = Array.from({ length: 256 }, (_, i) => makeShortCode(7, Uint8Array.of(i, i)));
  for (const code of codes.filter(({ text }) => text !== CODE.text)) {
    await rejection(redeem(relay.guest(), code));
  }
  const shares = relay.replied.filter((message) => message !== undefined);
  expect(shares.map(({ length }) => length)).toEqual([32]);
});

test("guesses that began earlier end with the first wrong one", async () => {
  const relay = new Relay();
  offer([relay]);
  const guesses = Array.from({ length: CODE_EXCHANGES_MAX }, (_, i) =>
    redeem(relay.guest(), makeShortCode(7, Uint8Array.of(i, 0))),
  );
  const right = redeem(relay.guest());
  const outcomes = await Promise.allSettled([...guesses, right]);
  expect(outcomes.every(({ status }) => status === "rejected")).toBe(true);
});

test("an exchange that the guest abandons before its guess costs nothing", async () => {
  const relay = new Relay();
  const { ended } = offer([relay]);
  for (let i = 0; i < 3 * CODE_EXCHANGES_MAX; i++) {
    const abandoned = redeem(relay.guest(), parseShortCode("7-tomato-canoe"), () => {
      throw new Error("abandoned");
    });
    expect(await rejection(abandoned)).toMatchObject({ message: "abandoned" });
  }
  expect(await redeem(relay.guest())).toBe(INVITE);
  expect(ended).toEqual([]);
});

test("the owner learns of guests who begin without guessing", async () => {
  const relay = new Relay();
  const { crowded } = offer([relay]);
  const begin = () =>
    rejection(
      redeem(relay.guest(), CODE, () => {
        throw new Error("abandoned");
      }),
    );
  for (let i = 1; i < CODE_EXCHANGES_MAX; i++) await begin();
  expect(crowded()).toBe(0);
  for (let i = 0; i < 3; i++) await begin();
  expect(crowded()).toBe(1);
});

test("a malformed share counts as a guess", async () => {
  for (const share of [new Uint8Array(), new Uint8Array(32), new Uint8Array(1_024).fill(9)]) {
    const relay = new Relay();
    const { ended } = offer([relay]);
    expect(await rejection(relay.ask(1, share))).toMatchObject({ code: "code-wrong" });
    expect(ended).toEqual(["code-wrong"]);
  }
});

test("a hostile server that replaces messages obtains and forges nothing", async () => {
  const other = new Relay();
  offer([other], parseShortCode("7-tomato-canoe"), async () => utf8Encode("chat://192.0.2.66"));
  // The server poses as the host, with a guess at the code.
  expect(await rejection(redeem(other.guest()))).toMatchObject({ code: "code-wrong" });
  const changes: readonly ((message: Uint8Array, step: number) => Uint8Array)[] = [
    (message, step) => (step === 1 ? new Uint8Array(32) : message),
    (message, step) => (step === 1 ? message.subarray(1) : message),
    (message, step) => (step === 2 ? message.map((byte) => byte ^ 1) : message),
    (message, step) => (step === 2 ? new Uint8Array() : message),
    (message, step) => (step === 2 ? new Uint8Array(1_024) : message),
  ];
  for (const change of changes) {
    const relay = new Relay();
    offer([relay]);
    const error = await rejection(redeem(relay.guest(change)));
    expect(["frame-malformed", "checksum-wrong"]).toContain((error as Fault).code);
  }
});

test("neither the invite nor the code passes through the server", async () => {
  const relay = new Relay();
  offer([relay]);
  await redeem(relay.guest());
  const bytes = [...relay.asked, ...relay.replied].map((message) =>
    Buffer.from(message ?? []).toString("latin1"),
  );
  for (const secret of ["tiger", "canoe", "secret", "chat://"]) {
    expect(bytes.join()).not.toContain(secret);
  }
});

test("the code ends if the host cannot grant the request", async () => {
  const relay = new Relay();
  const grant = () => Promise.reject(new Fault("not-allowed", "no"));
  const { ended } = offer([relay], CODE, grant);
  expect(await rejection(redeem(relay.guest()))).toMatchObject({ code: "code-wrong" });
  expect(ended).toEqual(["not-allowed"]);
});
