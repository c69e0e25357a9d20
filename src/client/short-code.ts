/** Short codes: offers a code at servers, and exchanges a code for what its host grants. */

import { Fault, ignoreFault, msg } from "../base/fault.ts";
import { CODE_EXCHANGES_MAX } from "../base/limits.ts";
import { defined } from "../base/values.ts";
import { setNewest } from "../core/evict.ts";
import { CodeGuest, CodeHost, type CodeParameters } from "../crypto/code-exchange.ts";
import type { NoticeOf } from "../wire/messages.ts";
import type { SendRequest } from "./link/queries.ts";

interface OfferedCodeOptions extends CodeParameters {
  /** Grants the request of a guest that knows the code. */
  readonly grant: (request: Uint8Array) => Promise<Uint8Array>;
  /** Called after a guest has been answered. */
  readonly onGranted?: () => void;
  /** Called once, when so many guests have begun that others may not get their turn. */
  readonly onCrowded?: (() => void) | undefined;
  /** Called once, with code-wrong after a wrong guess, or with the fault of `grant`. */
  readonly onEnded: (fault: Fault) => void;
}

export const CODE_CROWDED = "many devices ask for this code without entering it";

/** A code that works until a guest enters it wrong, at whichever server. */
export class OfferedCode {
  #hasEnded = false;
  #isCrowded = false;
  /** Reported after the guest's answer, because the owner may then withdraw the offer. */
  #failure: Fault | undefined;

  constructor(private readonly options: OfferedCodeOptions) {}

  end(): void {
    this.#hasEnded = true;
  }

  /**
   * Returns a handler of the guests of one server, which has reserved the code's number for this
   * client.
   */
  serve(sendRequest: SendRequest): (notice: NoticeOf<"code-asked">) => void {
    const hosts = new Map<number, CodeHost>();
    return (notice) => {
      // If the connection is lost, the server refuses the guest's request.
      this.#reply(hosts, sendRequest, notice).catch(ignoreFault);
    };
  }

  async #reply(
    hosts: Map<number, CodeHost>,
    sendRequest: SendRequest,
    { exchange, message: received }: NoticeOf<"code-asked">,
  ): Promise<void> {
    const host = hosts.get(exchange);
    hosts.delete(exchange);
    const message =
      host === undefined
        ? this.#start(hosts, exchange, received)
        : await this.#answer(host, received);
    try {
      await sendRequest("code-reply", { exchange, ...defined({ message }) });
    } finally {
      this.#reportFailure();
    }
    if (host !== undefined && message !== undefined) this.options.onGranted?.();
  }

  /** @returns the host's share, or `undefined` if the code has ended */
  #start(
    hosts: Map<number, CodeHost>,
    exchange: number,
    guestShare: Uint8Array,
  ): Uint8Array | undefined {
    if (this.#hasEnded) return undefined;
    try {
      const host = new CodeHost(this.options, guestShare);
      setNewest(hosts, exchange, host, CODE_EXCHANGES_MAX);
      if (hosts.size >= CODE_EXCHANGES_MAX && !this.#isCrowded) {
        this.#isCrowded = true;
        this.options.onCrowded?.();
      }
      return host.share;
    } catch (error) {
      return this.#fail(error);
    }
  }

  async #answer(host: CodeHost, confirmation: Uint8Array): Promise<Uint8Array | undefined> {
    if (this.#hasEnded) return undefined;
    try {
      const request = host.accepts(confirmation) ? host.request(confirmation) : undefined;
      if (request === undefined) throw wrongCode();
      return host.answer(await this.options.grant(request));
    } catch (error) {
      return this.#fail(error);
    }
  }

  #fail(error: unknown): undefined {
    if (!(error instanceof Fault)) throw error;
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    // A malformed share is a guess, too.
    this.#failure = error.code === "frame-malformed" ? wrongCode(error) : error;
  }

  #reportFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) this.options.onEnded(failure);
  }
}

function wrongCode(cause?: Fault): Fault {
  return new Fault("code-wrong", msg`somebody entered a wrong code`, { cause });
}

/**
 * @param onGuess awaited before the guess. If it rejects, neither device has guessed.
 * @returns the host's answer
 * @throws {Fault} code-unknown, code-wrong, checksum-wrong, and faults of the connection
 */
export async function redeemCode(
  sendRequest: SendRequest,
  parameters: CodeParameters,
  request: Uint8Array,
  onGuess: () => Promise<void> = async () => {},
): Promise<Uint8Array> {
  const { number } = parameters.code;
  const guest = new CodeGuest(parameters);
  const started = await sendRequest("code-ask", { number, message: guest.share });
  const confirmation = guest.confirm(started.message, request);
  await onGuess();
  const { message } = await sendRequest("code-ask", { number, message: confirmation });
  return guest.open(message);
}
