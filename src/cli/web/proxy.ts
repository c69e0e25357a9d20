/** Local proxy of `chat web`. */

import { cutText } from "../../base/bytes.ts";
import { asFault, Fault } from "../../base/fault.ts";
import { FAULT_TEXT_BYTES_MAX, HELLO_TIMEOUT_MS, SEND_QUEUE_LOW_BYTES } from "../../base/limits.ts";
import { LOCAL_LINKS_MAX, RELAY_QUEUE_BYTES_MAX } from "../../base/limits-page.ts";
import { proofOf } from "../../client/link/greeting.ts";
import { verifyServerProof } from "../../crypto/greeting.ts";
import { fingerprintOf } from "../../crypto/identity.ts";
import { lineage } from "../../crypto/succession.ts";
import type { Clock } from "../../io/clock.ts";
import type { Link, ListenerEvents } from "../../io/link/link.ts";
import { decode, encode } from "../../wire/codec.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import type { NoticeOf } from "../../wire/messages.ts";

interface WebProxyOptions {
  readonly clock: Clock;
  readonly dial: () => Promise<Link>;
  readonly fingerprint: Fingerprint;
}

/**
 * Forwards links byte for byte. Verifies the server's greeting here, because the browser cannot
 * check the server's certificate. Its listener has checked the token.
 */
export class WebProxy implements Pick<ListenerEvents, "accept" | "link"> {
  #links = 0;

  constructor(private readonly options: WebProxyOptions) {}

  accept(): boolean {
    return this.#links < LOCAL_LINKS_MAX;
  }

  link(link: Link): void {
    this.#links++;
    new ProxiedLink(link, this.options, () => {
      this.#links--;
    });
  }
}

class ProxiedLink {
  readonly #cancelDeadline: () => void;
  readonly #toPage: Pipe;
  #phase: "hello" | "greeting" | "open" | "closed" = "hello";
  #nonce = new Uint8Array(0);
  #server: Link | undefined;
  #toServer: Pipe | undefined;

  constructor(
    link: Link,
    private readonly options: WebProxyOptions,
    onClosed: () => void,
  ) {
    this.#toPage = new Pipe(link);
    this.#cancelDeadline = options.clock.after(HELLO_TIMEOUT_MS, () => {
      if (this.#phase === "hello") this.#refuse(new Fault("timeout", "no message received"));
    });
    link.receive({
      message: (bytes) => this.#refuseOnFault(() => this.#fromPage(bytes)),
      closed: () => {
        this.#cancelDeadline();
        this.#phase = "closed";
        if (this.#toServer === undefined) this.#server?.close();
        else this.#toServer.end();
        onClosed();
      },
    });
  }

  #fromPage(bytes: Uint8Array): void {
    switch (this.#phase) {
      case "hello": {
        const { nonce } = noticeIn(bytes, "hello");
        this.#nonce = new Uint8Array(nonce);
        this.#phase = "greeting";
        void this.#dial(bytes);
        return;
      }
      case "greeting":
        throw new Fault("out-of-order", "the server must greet first");
      case "open":
        this.#refuseIfFault(this.#toServer?.push(bytes));
        return;
      default:
        return;
    }
  }

  async #dial(hello: Uint8Array): Promise<void> {
    let server: Link;
    try {
      server = await this.options.dial();
    } catch (error) {
      return this.#refuse(asFault(error));
    }
    server.receive({
      message: (bytes) => this.#refuseOnFault(() => this.#fromServer(bytes)),
      closed: () => this.#toPage.end(),
    });
    if (this.#phase === "closed") return server.destroy();
    this.#server = server;
    server.send(hello);
  }

  #fromServer(bytes: Uint8Array): void {
    if (this.#phase === "greeting") {
      this.#checkGreeting(bytes);
      const server = this.#server;
      if (server !== undefined) this.#toServer = new Pipe(server);
      this.#phase = "open";
    }
    if (this.#phase === "open") this.#refuseIfFault(this.#toPage.push(bytes));
  }

  /**
   * Forwards a `bye` that the server sends instead of a greeting.
   * @throws {Fault} fingerprint-changed
   */
  #checkGreeting(bytes: Uint8Array): void {
    const incoming = decode(bytes);
    const message = incoming.kind === "message" ? incoming.message : undefined;
    if (message?.kind === "bye") return;
    const welcome = noticeIn(bytes, "welcome");
    const certificateHash = this.#server?.certificateHash ?? new Uint8Array(32);
    const serverNonce = welcome.nonce;
    const greeting = { certificateHash, clientNonce: this.#nonce, serverNonce };
    if (isExpectedServer(welcome, greeting, this.options.fingerprint)) return;
    throw new Fault("fingerprint-changed", "a different server answers at the page's address");
  }

  #refuseOnFault(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#refuse(asFault(error));
    }
  }

  #refuseIfFault(fault: Fault | undefined): void {
    if (fault !== undefined) this.#refuse(fault);
  }

  #refuse({ code, message, remedy, retryAfterMs }: Fault): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#toPage.push(
      encode({
        kind: "bye",
        code,
        message: cutText(message, FAULT_TEXT_BYTES_MAX),
        remedy: cutText(remedy, FAULT_TEXT_BYTES_MAX),
        retryAfterMs,
      }),
    );
    this.#toPage.end();
    this.#server?.close();
  }
}

function isExpectedServer(
  welcome: NoticeOf<"welcome">,
  greeting: Parameters<typeof verifyServerProof>[1],
  fingerprint: Fingerprint,
): boolean {
  const { key } = welcome.server;
  const isKnown =
    fingerprintOf(key) === fingerprint ||
    lineage(key, welcome.predecessors ?? []).includes(fingerprint);
  const proved = proofOf(welcome, greeting.certificateHash);
  return isKnown && proved !== undefined && verifyServerProof(key, greeting, proved.proof);
}

/** @throws {Fault} out-of-order, frame-malformed */
function noticeIn<Kind extends "hello" | "welcome">(bytes: Uint8Array, kind: Kind): NoticeOf<Kind> {
  const incoming = decode(bytes);
  if (incoming.kind === "message" && incoming.message.kind === kind) {
    return incoming.message as NoticeOf<Kind>;
  }
  throw new Fault("out-of-order", `a '${kind}' was expected`);
}

/**
 * Queue of messages that `chat web` forwards between a page and a server.
 * @internal
 */
export class Pipe {
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #isPumping = false;
  #isEnding = false;

  constructor(private readonly to: Link) {}

  /** @returns a fault if the receiver is too slow */
  push(message: Uint8Array): Fault | undefined {
    if (this.#isEnding) return undefined;
    if (this.#queuedBytes + message.length > RELAY_QUEUE_BYTES_MAX) {
      return new Fault("too-many", "the peer reads too slowly", { retryAfterMs: 1_000 });
    }
    this.#queue.push(message);
    this.#queuedBytes += message.length;
    void this.#pump();
    return undefined;
  }

  end(): void {
    this.#isEnding = true;
    void this.#pump();
  }

  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    for (;;) {
      const [message] = this.#queue;
      if (message === undefined) break;
      if (this.to.queuedBytes() + message.length > SEND_QUEUE_LOW_BYTES) await this.to.drained();
      this.#queue.shift();
      this.#queuedBytes -= message.length;
      if (!this.to.send(message)) this.#drop();
    }
    this.#isPumping = false;
    if (this.#isEnding) this.to.close();
  }

  #drop(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#isEnding = true;
  }
}
