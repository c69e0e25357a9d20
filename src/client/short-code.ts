/** Short codes: offers a code at servers, and exchanges a code for what its host grants. */

import { Fault } from "../base/fault.ts";
import { CODE_EXCHANGES_MAX } from "../base/limits.ts";
import { setNewest } from "../core/evict.ts";
import { CodeGuest, CodeHost, type CodeParameters } from "../crypto/code-exchange.ts";
import type { NoticeOf } from "../wire/messages.ts";
import type { SendRequest } from "./link/queries.ts";

interface OfferedCodeOptions extends CodeParameters {
  /** Grants the request of a guest that knows the code. */
  readonly grant: (request: Uint8Array) => Promise<Uint8Array>;
  /** Called once, with code-wrong after a wrong guess, or with the fault of `grant`. */
  readonly onEnded: (fault: Fault) => void;
}

/** A code that works until a guest enters it wrong, at whichever server. */
export class OfferedCode {
  readonly #options: OfferedCodeOptions;
  #hasEnded = false;

  constructor(options: OfferedCodeOptions) {
    this.#options = options;
  }

  /**
   * Returns a handler of the guests of one server, which has reserved the code's number for this
   * client.
   */
  serve(sendRequest: SendRequest): (notice: NoticeOf<"code-asked">) => void {
    const hosts = new Map<number, CodeHost>();
    return (notice) => {
      const { exchange } = notice;
      const reply = (message: Uint8Array | undefined) =>
        sendRequest("code-reply", message === undefined ? { exchange } : { exchange, message });
      // If the connection is lost, the server refuses the guest's request.
      this.#answer(hosts, notice).then(reply).catch(ignoreFault);
    };
  }

  /** @returns `undefined` if the code has ended */
  async #answer(
    hosts: Map<number, CodeHost>,
    { exchange, message }: NoticeOf<"code-asked">,
  ): Promise<Uint8Array | undefined> {
    if (this.#hasEnded) return undefined;
    const host = hosts.get(exchange);
    hosts.delete(exchange);
    try {
      if (host === undefined) {
        const started = new CodeHost(this.#options, message);
        setNewest(hosts, exchange, started, CODE_EXCHANGES_MAX);
        return started.share;
      }
      if (!host.accepts(message)) throw wrongCode();
      const request = await host.request(message);
      if (request === undefined) throw wrongCode();
      return await host.answer(await this.#options.grant(request));
    } catch (error) {
      this.#end(error);
      return undefined;
    }
  }

  #end(error: unknown): void {
    if (!(error instanceof Fault)) throw error;
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    // A malformed message is a guess, too.
    this.#options.onEnded(error.code === "frame-malformed" ? wrongCode(error) : error);
  }
}

function wrongCode(cause?: Fault): Fault {
  return new Fault("code-wrong", "somebody entered a wrong code", { cause });
}

function ignoreFault(error: unknown): void {
  if (!(error instanceof Fault)) throw error;
}

/**
 * @param onGuess called before the host could use the answer for a guess of its own
 * @returns the host's answer
 * @throws {Fault} code-unknown, code-wrong, checksum-wrong, and faults of the connection
 */
export async function redeemCode(
  sendRequest: SendRequest,
  parameters: CodeParameters,
  request: Uint8Array,
  onGuess: () => void = () => {},
): Promise<Uint8Array> {
  const { number } = parameters.code;
  const guest = new CodeGuest(parameters);
  const started = await sendRequest("code-ask", { number, message: guest.share });
  const confirmation = await guest.confirm(started.message, request);
  onGuess();
  const { message } = await sendRequest("code-ask", { number, message: confirmation });
  return guest.open(message);
}
