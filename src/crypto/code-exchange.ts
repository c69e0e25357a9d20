/**
 * Exchange between two devices of which one shows a short code, and the other's user types it. A
 * relay of the messages learns neither the code nor the contents, and gets one guess per exchange.
 *     guest ── share ──> host ── share ──> guest ── tag, request ──> host ── answer ──> guest
 */

import { sha512 } from "@noble/hashes/sha2.js";
import { assert } from "../base/assert.ts";
import { concatBytes, equalBytes, utf8Encode } from "../base/bytes.ts";
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

/** A code for one purpose is worthless for the other. */
export type CodePurpose = "share" | "link";

const GUEST = utf8Encode("guest");
const HOST = utf8Encode("host");
const TAG_BYTES = 64;
const KEY_BYTES = 32;
/** A key encrypts one message, so the nonce is constant. */
const NONCE = new Uint8Array(12);

type Random = (size: number) => Uint8Array;

export interface CodeParameters {
  readonly code: ShortCode;
  readonly purpose: CodePurpose;
  readonly random: Random;
}

function inputsOf({ code, purpose }: CodeParameters): CpaceInputs {
  const channel = utf8Encode(`chat/1 code ${purpose}`);
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
  async confirm(hostShare: Uint8Array, request: Uint8Array): Promise<Uint8Array> {
    const own = { share: this.share, data: GUEST };
    const host = { share: hostShare, data: HOST };
    const key = finishCpace(this.#start.secret, hostShare, own, host);
    this.#key = key;
    return concatBytes(cpaceTag(key, this.#inputs, own), await encrypt(key, "request", request));
  }

  /** @throws {Fault} checksum-wrong if the answer is not from a host that knows the code */
  async open(answer: Uint8Array): Promise<Uint8Array> {
    assert(this.#key !== undefined, "the guest has confirmed");
    const content = await decrypt(this.#key, "answer", answer);
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
  request(confirmation: Uint8Array): Promise<Uint8Array | undefined> {
    return decrypt(this.#key, "request", confirmation.subarray(TAG_BYTES));
  }

  answer(content: Uint8Array): Promise<Uint8Array> {
    return encrypt(this.#key, "answer", content);
  }
}

type Direction = "request" | "answer";

async function encrypt(key: Uint8Array, direction: Direction, content: Uint8Array) {
  const cipher = await cipherKey(key, direction);
  const encrypted = await crypto.subtle.encrypt(ALGORITHM, cipher, new Uint8Array(content));
  return new Uint8Array(encrypted);
}

async function decrypt(key: Uint8Array, direction: Direction, encrypted: Uint8Array) {
  const cipher = await cipherKey(key, direction);
  try {
    const content = await crypto.subtle.decrypt(ALGORITHM, cipher, new Uint8Array(encrypted));
    return new Uint8Array(content);
  } catch {
    return undefined;
  }
}

const ALGORITHM = { name: "AES-GCM", iv: NONCE };

function cipherKey(key: Uint8Array, direction: Direction) {
  const bytes = sha512(concatBytes(utf8Encode(`chat/1 code ${direction}\0`), key));
  const raw = bytes.slice(0, KEY_BYTES);
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
}
