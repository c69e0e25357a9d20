/**
 * Exchange between two devices of which one shows a short code, and the other's user types it. A
 * relay of the messages learns neither the code nor the contents, and gets one guess per exchange.
 *     guest ── share ──> host ── share ──> guest ── tag, request ──> host ── answer ──> guest
 */

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { assert } from "../base/assert.ts";
import { concatBytes, equalBytes, KEY_BYTES, utf8Encode } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import type { ShortCode } from "../wire/short-code.ts";
import {
  CPACE_SCALAR_BYTES,
  type CpaceInputs,
  type CpaceMessage,
  cpaceTag,
  finishCpace,
  startCpace,
} from "./cpace.ts";

const GUEST = utf8Encode("guest");
const HOST = utf8Encode("host");
const TAG_BYTES = 64;
/** A key encrypts one message, so the nonce is constant. */
const NONCE = new Uint8Array(12);

type Random = (size: number) => Uint8Array;

export interface CodeParameters {
  readonly code: ShortCode;
  /** Purpose of the code and its context. A code is worthless for any other. */
  readonly channel: Uint8Array;
  readonly random: Random;
}

function inputsOf({ code, channel }: CodeParameters): CpaceInputs {
  return { password: utf8Encode(code.text), channel, sessionId: new Uint8Array(0) };
}

/** The device on which the user types the code. */
export class CodeGuest {
  readonly #inputs: CpaceInputs;
  readonly #start: ReturnType<typeof startCpace>;
  #key: Uint8Array | undefined;

  constructor(parameters: CodeParameters) {
    this.#inputs = inputsOf(parameters);
    this.#start = startCpace(this.#inputs, parameters.random(CPACE_SCALAR_BYTES));
  }

  get share(): Uint8Array {
    return this.#start.share;
  }

  /**
   * Proves that this device knows the code, and encrypts the request.
   * @throws {Fault} frame-malformed if the host's share is invalid
   */
  confirm(hostShare: Uint8Array, request: Uint8Array): Uint8Array {
    const own = { share: this.share, data: GUEST };
    const host = { share: hostShare, data: HOST };
    const key = finishCpace(this.#start.secret, hostShare, own, host);
    this.#key = key;
    return concatBytes(cpaceTag(key, this.#inputs, own), encrypt(key, "request", request));
  }

  /** @throws {Fault} checksum-wrong if the answer is not from a host that knows the code */
  open(answer: Uint8Array): Uint8Array {
    assert(this.#key !== undefined, "the guest has confirmed");
    const content = decrypt(this.#key, "answer", answer);
    if (content !== undefined) return content;
    throw new Fault("checksum-wrong", "the answer is not from the device that shows the code", {
      remedy: "start again with a new code",
    });
  }
}

/** The device that shows the code. */
export class CodeHost {
  readonly #inputs: CpaceInputs;
  readonly #guest: CpaceMessage;
  readonly #key: Uint8Array;
  readonly share: Uint8Array;

  /** @throws {Fault} frame-malformed if the guest's share is invalid */
  constructor(parameters: CodeParameters, guestShare: Uint8Array) {
    this.#inputs = inputsOf(parameters);
    this.#guest = { share: guestShare, data: GUEST };
    const { secret, share } = startCpace(this.#inputs, parameters.random(CPACE_SCALAR_BYTES));
    this.share = share;
    this.#key = finishCpace(secret, guestShare, this.#guest, { share, data: HOST });
  }

  /** Reports whether the guest knows the code. The host must ask this once per exchange. */
  accepts(confirmation: Uint8Array): boolean {
    const tag = confirmation.subarray(0, TAG_BYTES);
    return equalBytes(tag, cpaceTag(this.#key, this.#inputs, this.#guest));
  }

  /** @returns `undefined` if the request was changed on its way */
  request(confirmation: Uint8Array): Uint8Array | undefined {
    return decrypt(this.#key, "request", confirmation.subarray(TAG_BYTES));
  }

  answer(content: Uint8Array): Uint8Array {
    return encrypt(this.#key, "answer", content);
  }
}

type Direction = "request" | "answer";

function encrypt(key: Uint8Array, direction: Direction, content: Uint8Array): Uint8Array {
  return chacha20poly1305(cipherKey(key, direction), NONCE).encrypt(content);
}

function decrypt(key: Uint8Array, direction: Direction, sealed: Uint8Array) {
  try {
    return chacha20poly1305(cipherKey(key, direction), NONCE).decrypt(sealed);
  } catch {
    return undefined;
  }
}

function cipherKey(key: Uint8Array, direction: Direction): Uint8Array {
  const bytes = concatBytes(utf8Encode(`chat/1 code ${direction}\0`), key);
  return sha512(bytes).subarray(0, KEY_BYTES);
}
