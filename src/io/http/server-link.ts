/** Server end of a link over plain HTTP requests. */

// A peer acknowledges frames with its next GET, so the queue holds all frames since the last one.
// A response therefore never holds more than the peer has room for, and a lost one is repeated.

import { concatBytes } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import {
  HTTP_LINK_REQUESTS_BURST,
  HTTP_LINK_REQUESTS_PER_SECOND,
  HTTP_POST_BEFORE_LOGIN_BYTES_MAX,
  HTTP_POST_FRAMES_MAX,
  MESSAGE_BYTES_MAX,
  SEND_QUEUE_LOW_BYTES,
} from "../../base/limits.ts";
import { TokenBucket } from "../../core/rate.ts";
import type { Clock } from "../clock.ts";
import { releaseBuffer } from "../disk/buffer-pool.ts";
import { CLOSE_CODE, closeCodeOf, closeFault } from "../link/close-code.ts";
import { FRAME_HEADER_BYTES } from "../link/frame.ts";
import type { Address } from "../link/link.ts";
import type { Topics } from "../link/topics.ts";
import { readHttpBody } from "./body.ts";
import { controlCode, encodeControl, httpFrameReader, STARTED } from "./frames.ts";
import { costOf, QueuedLink } from "./queued-link.ts";

export interface HttpServerLinkOptions {
  readonly remote: Address;
  readonly certificateHash: Uint8Array;
  readonly topics: Topics<HttpServerLink>;
  readonly clock: Pick<Clock, "now" | "after">;
  readonly onClosed: () => void;
}

/**
 * A response ends after this many bytes, so that its peer acknowledges them. Not larger than
 * SEND_QUEUE_LOW_BYTES: `drained` would otherwise wait for RESPONSE_MS_MAX.
 */
const RESPONSE_BYTES_MAX = 1024 * 1024;
/**
 * Shorter than the idle time-out of common proxies (60 s).
 * @internal
 */
export const RESPONSE_MS_MAX = 30_000;
/**
 * Time without a GET after which the peer has vanished. A lost connection is reopened sooner.
 * @internal
 */
export const ABSENT_MS_MAX = 10_000;
/** The peer may still be reading a response that has ended here: at least 8 kB/s. */
const READ_BYTES_PER_MS = 8;
/** A peer sends one POST at a time; another one may replace a lost one. */
const CONCURRENT_POSTS_MAX = 2;

const HEADERS = {
  "content-type": "application/octet-stream",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  "x-accel-buffering": "no", // nginx
};

/** Otherwise the server would read the rest of the body. */
const REFUSED = { connection: "close" };

interface OpenResponse {
  readonly isPoll: boolean;
  bytes: number;
  write(bytes: Uint8Array<ArrayBuffer>): void;
  end(): void;
}

export class HttpServerLink extends QueuedLink {
  readonly transport = "http";
  readonly remote: Address;
  readonly certificateHash: Uint8Array;
  readonly #onClosed: () => void;
  readonly #requests: TokenBucket;
  /** Unacknowledged frames in the open response or an earlier one. */
  #writtenCount = 0;
  #receivedCount = 0;
  #postCount = 0;
  #messageBytesMax = MESSAGE_BYTES_MAX;
  #response: OpenResponse | undefined;
  #isFlushing = false;
  /** Cancels the end of the open response or, without one, of the wait for the next GET. */
  #cancelTimer = () => {};

  constructor(options: HttpServerLinkOptions) {
    super(options.clock, options.topics);
    this.#onClosed = options.onClosed;
    this.remote = options.remote;
    this.certificateHash = options.certificateHash;
    this.#requests = new TokenBucket(
      HTTP_LINK_REQUESTS_PER_SECOND,
      HTTP_LINK_REQUESTS_BURST,
      options.clock.now(),
    );
    this.#awaitRequest(0);
  }

  override send(message: Uint8Array, tail?: Uint8Array): boolean {
    const isSent = super.send(message, tail);
    if (isSent && tail !== undefined) releaseBuffer(tail);
    return isSent;
  }

  /** A response keeps up to SEND_QUEUE_LOW_BYTES, so a lower limit would wait for its end. */
  protected override isDrained(bytesMax: number = SEND_QUEUE_LOW_BYTES): boolean {
    return super.isDrained(Math.max(bytesMax, SEND_QUEUE_LOW_BYTES));
  }

  drop(fault: Fault | undefined): void {
    if (this.state === "closed") return;
    this.#response?.write(encodeControl(CLOSE_CODE.abnormal));
    this.#closed(fault);
  }

  allowsRequest(): boolean {
    return this.#requests.take(this.clock.now()) === 0;
  }

  /**
   * Answers a GET, which acknowledges all frames before the number `from` and ends an earlier GET.
   * @param isPoll whether to answer with the next frames at once, instead of streaming
   */
  respond(from: number, isPoll: boolean, signal: AbortSignal): Response | Promise<Response> {
    const count = from - this.firstFrame;
    if (count < 0 || count > this.#writtenCount) return new Response(null, { status: 409 });
    this.#endResponse();
    this.#writtenCount = 0;
    this.acknowledge(count);
    const [response, answer] = isPoll ? polled() : streamed();
    this.#response = response;
    this.#setTimer(RESPONSE_MS_MAX, () => this.#endResponse());
    const onAbort = () => {
      if (this.#response === response) this.#endResponse();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#flush();
    return answer;
  }

  limitMessageBytes(messageBytesMax: number): void {
    this.#messageBytesMax = messageBytesMax;
  }

  /** Whether the client has not logged in. Its requests count towards its address, too. */
  get isUnauthenticated(): boolean {
    return this.#messageBytesMax < MESSAGE_BYTES_MAX;
  }

  /** Answers a POST, whose first frame has the number `from`. */
  async receivePost(from: number, request: Request): Promise<Response> {
    if (this.#postCount >= CONCURRENT_POSTS_MAX) return new Response(null, { status: 429 });
    this.#postCount += 1;
    const body = await readHttpBody(request, this.#bodyBytesMax)
      .catch(() => "incomplete" as const)
      .finally(() => {
        this.#postCount -= 1;
      });
    if (body === "incomplete") return new Response(null, { status: 408 });
    if (body === undefined) return new Response(null, { status: 413, headers: REFUSED });
    return new Response(null, { status: this.#receive(from, body) });
  }

  get #bodyBytesMax(): number {
    if (this.isUnauthenticated) return HTTP_POST_BEFORE_LOGIN_BYTES_MAX;
    return FRAME_HEADER_BYTES + this.#messageBytesMax;
  }

  /** @returns the status of the answer */
  #receive(from: number, body: Uint8Array): number {
    if (this.state === "closed") return 404;
    if (from > this.#receivedCount) return 409;
    const reader = httpFrameReader();
    reader.messageBytesMax = this.#messageBytesMax;
    const isOpen = this.state === "open";
    let number = from;
    try {
      for (const frame of reader.feed(body)) {
        if (number - from >= HTTP_POST_FRAMES_MAX) throw tooManyFrames();
        if (number++ < this.#receivedCount) continue;
        this.#receivedCount += 1;
        if (frame.kind === "control") {
          this.#peerClosed(controlCode(frame));
          return 204;
        }
        if (!this.receiveMessage(frame.bytes)) return 404;
        // The client repeats the other frames, of which a closing link ignores a limited number.
        if (isOpen && this.state !== "open") return 400;
      }
      if (!reader.isComplete) throw new Fault("frame-malformed", "a frame is incomplete");
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.inbox.mute();
      this.closeWith(error);
      return 400;
    }
    return 204;
  }

  #peerClosed(code: number): void {
    this.inbox.mute();
    this.#closed(closeFault(code, ""));
  }

  protected codeOf(fault: Fault | undefined): number {
    return fault === undefined ? CLOSE_CODE.normal : closeCodeOf(fault);
  }

  #closed(fault: Fault | undefined): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.outcome ??= { fault };
    this.forgetFrames();
    this.#endResponse();
    this.#cancelTimer();
    this.leaveTopics();
    this.inbox.close(this.outcome.fault);
    this.settle();
    this.#onClosed();
  }

  protected schedule(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    const response = this.#response;
    if (response === undefined) return;
    const batch: Uint8Array[] = [];
    while (response.bytes < RESPONSE_BYTES_MAX) {
      const frame = this.frames[this.#writtenCount];
      if (frame === undefined) break;
      this.#writtenCount += 1;
      response.bytes += costOf(frame);
      batch.push(frame);
    }
    if (batch.length === 0) return;
    response.write(concatBytes(...batch) as Uint8Array<ArrayBuffer>);
    if (response.isPoll || response.bytes >= RESPONSE_BYTES_MAX) this.#endResponse();
  }

  #endResponse(): void {
    const response = this.#response;
    if (response === undefined) return;
    this.#response = undefined;
    response.end();
    this.#awaitRequest(response.bytes);
  }

  #awaitRequest(sentBytes: number): void {
    const lost = () => this.drop(new Fault("link-closed", "the connection was lost"));
    this.#setTimer(ABSENT_MS_MAX + sentBytes / READ_BYTES_PER_MS, lost);
  }

  #setTimer(delayMs: number, callback: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.clock.after(delayMs, callback);
  }
}

function tooManyFrames(): Fault {
  return new Fault("too-large", msg`a request has more than ${HTTP_POST_FRAMES_MAX} frames`);
}

function streamed(): [OpenResponse, Response] {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given;
      controller.enqueue(encodeControl(STARTED));
    },
    cancel: () => {
      controller = undefined; // The peer has disconnected.
    },
  });
  const response = {
    isPoll: false,
    bytes: 0,
    write: (bytes: Uint8Array) => controller?.enqueue(bytes),
    end: () => controller?.close(),
  };
  return [response, new Response(body, { headers: HEADERS })];
}

function polled(): [OpenResponse, Promise<Response>] {
  const { promise, resolve } = Promise.withResolvers<Response>();
  const respond = (bytes?: Uint8Array<ArrayBuffer>) =>
    resolve(new Response(bytes, { headers: HEADERS }));
  return [{ isPoll: true, bytes: 0, write: respond, end: respond }, promise];
}
