/** A `Link` over plain HTTP requests, for networks that refuse WebSocket. */

import { concatBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import {
  CONNECT_TIMEOUT_MS,
  DRAIN_TIMEOUT_MS,
  MESSAGE_BYTES_MAX,
  SEND_QUEUE_BYTES_MAX,
} from "../../base/limits.ts";
import { type Clock, delay } from "../../io/clock.ts";
import {
  encodeControl,
  encodeMessage,
  FRAME_HEADER_BYTES,
  FRAME_OVERHEAD_BYTES,
  type HttpFrame,
  HttpFrameReader,
  STARTED,
} from "../../io/http/frames.ts";
import { BaseLink, slowReaderFault } from "../../io/link/base-link.ts";
import { CLOSE_CODE, closeFault } from "../../io/link/close-code.ts";
import type { Link } from "../../io/link/link.ts";
import { PageFault } from "../../ui/text/fault-text.ts";

export interface HttpDialOptions {
  readonly fetch: (url: string, options: RequestInit) => Promise<Response>;
  /** Address of the server without a path; empty for the page's own. */
  readonly origin: string;
  readonly host: string;
  readonly clock: Pick<Clock, "after" | "now">;
  /** Further data channels wait, because browsers open six connections to a host. */
  readonly channelsMax: number;
  /** Set once a proxy has withheld the beginning of a response. All later links then poll. */
  readonly network: { isBuffering: boolean };
}

/** Time within which a response must begin. */
const STARTED_TIMEOUT_MS = 3_000;
/** The server waits somewhat longer for a lost request to be repeated. */
const RETRY_MS_MAX = 8_000;
const RETRY_INTERVAL_MS = 250;
const BODY_BYTES_MAX = FRAME_HEADER_BYTES + MESSAGE_BYTES_MAX;
/** Placeholder: browsers do not reveal the certificate. `welcome` carries its hash. */
const NO_CERTIFICATE_HASH = new Uint8Array(32);

/** @throws {Fault} unreachable, timeout */
export async function dialHttp(options: HttpDialOptions, onClosed = () => {}): Promise<Link> {
  const { fetch, origin, clock } = options;
  const abort = new AbortController();
  const cancel = clock.after(CONNECT_TIMEOUT_MS, () => abort.abort());
  try {
    const response = await fetch(`${origin}/link`, { method: "POST", signal: abort.signal });
    const id = await response.text();
    if (!response.ok || !/^[\da-f]{32}$/.test(id)) throw new Error(`status ${response.status}`);
    return new HttpLink(`${origin}/link/${id}`, options, onClosed);
  } catch (cause) {
    const code = abort.signal.aborted ? "timeout" : "unreachable";
    throw new Fault(code, "the server cannot be reached", { cause });
  } finally {
    cancel();
  }
}

class HttpLink extends BaseLink {
  readonly transport = "http";
  readonly remote: Link["remote"];
  readonly certificateHash = NO_CERTIFICATE_HASH;
  readonly #url: string;
  readonly #options: HttpDialOptions;
  readonly #onClosed: () => void;
  readonly #posting = new AbortController();
  #getting = new AbortController();
  /** Frames that the server has not acknowledged. */
  readonly #frames: Uint8Array[] = [];
  #frameBytes = 0;
  /** Number of the first frame in `#frames`. */
  #firstFrame = 0;
  #receivedCount = 0;
  #hasReceived = false;
  #isPosting = false;
  #outcome: { readonly fault: Fault | undefined } | undefined;
  #cancelDeadline = () => {};
  #channelCount = 0;
  #channelClosed = Promise.withResolvers<void>();

  constructor(url: string, options: HttpDialOptions, onClosed: () => void) {
    super();
    this.#url = url;
    this.#options = options;
    this.#onClosed = onClosed;
    this.remote = { host: options.host, port: 0 };
    void this.#receiveAll();
  }

  send(message: Uint8Array, tail?: Uint8Array): boolean {
    if (this.state !== "open") return false;
    const sizeBytes = message.length + (tail?.length ?? 0);
    if (sizeBytes > MESSAGE_BYTES_MAX) {
      this.#closeWith(new Fault("too-large", "the message exceeds the size limit"));
      return false;
    }
    const costBytes = FRAME_OVERHEAD_BYTES + FRAME_HEADER_BYTES + sizeBytes;
    if (this.#frameBytes + costBytes > SEND_QUEUE_BYTES_MAX) {
      this.drop(slowReaderFault());
      return false;
    }
    this.countSent(1, sizeBytes);
    this.#queue(encodeMessage(message, tail));
    return true;
  }

  queuedBytes(): number {
    return this.#frameBytes;
  }

  close(): void {
    if (this.state !== "open") return;
    this.inbox.mute();
    this.#closeWith(undefined);
  }

  drop(fault: Fault | undefined): void {
    if (this.isClosed) return;
    this.#closed(fault);
    // Also sent while the page is being closed. Ignored: without it, the server waits a while.
    const request = { method: "DELETE", keepalive: true };
    this.#options.fetch(this.#url, request).catch(() => undefined);
  }

  protected override async dialChannel(): Promise<Link> {
    while (this.#channelCount >= this.#options.channelsMax && !this.isClosed) {
      await this.#channelClosed.promise;
    }
    if (this.state !== "open") throw new Fault("unreachable", "the link is closed");
    this.#channelCount += 1;
    const onClosed = () => {
      this.#channelCount -= 1;
      this.#wakeChannels();
    };
    try {
      return await dialHttp(this.#options, onClosed);
    } catch (error) {
      onClosed();
      throw error;
    }
  }

  #wakeChannels(): void {
    this.#channelClosed.resolve();
    this.#channelClosed = Promise.withResolvers();
  }

  #closeWith(fault: Fault | undefined): void {
    if (this.state !== "open") return;
    this.state = "closing";
    this.#outcome = { fault };
    this.#cancelDeadline = this.#options.clock.after(DRAIN_TIMEOUT_MS, () => this.drop(fault));
    // The code of a fault is for a fault of this end; the server's own is only confirmed.
    this.#queue(
      encodeControl(fault?.code === "too-large" ? CLOSE_CODE.tooLarge : CLOSE_CODE.normal),
    );
  }

  #closed(fault: Fault | undefined): void {
    if (this.isClosed) return;
    this.state = "closed";
    this.#frames.length = 0;
    this.#frameBytes = 0;
    this.#cancelDeadline();
    this.#getting.abort();
    this.#posting.abort();
    this.inbox.close((this.#outcome ?? { fault }).fault);
    this.settle();
    this.#wakeChannels();
    this.#onClosed();
  }

  #queue(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.#frameBytes += FRAME_OVERHEAD_BYTES + frame.length;
    if (this.#isPosting) return;
    this.#isPosting = true;
    queueMicrotask(() => void this.#postAll());
  }

  async #postAll(): Promise<void> {
    while (this.#frames.length > 0) {
      let [count, sizeBytes] = [0, 0];
      for (const { length } of this.#frames) {
        if (sizeBytes + length > BODY_BYTES_MAX) break;
        count += 1;
        sizeBytes += length;
      }
      const body = concatBytes(...this.#frames.slice(0, count));
      await this.#repeat(
        () => this.#post(body),
        () => (this.#firstFrame > 0 ? lostFault() : new PageFault("unreachable", "postsRefused")),
      );
      if (this.isClosed) return;
      this.#frames.splice(0, count);
      this.#frameBytes -= count * FRAME_OVERHEAD_BYTES + sizeBytes;
      this.#firstFrame += count;
      this.settle();
    }
    this.#isPosting = false;
    if (this.state === "closing") this.#closed(undefined);
  }

  async #post(body: Uint8Array): Promise<void> {
    const response = await this.#options.fetch(`${this.#url}?from=${this.#firstFrame}`, {
      method: "POST",
      body: body as Uint8Array<ArrayBuffer>,
      signal: this.#posting.signal,
    });
    this.#check(response, 204);
  }

  async #receiveAll(): Promise<void> {
    while (!this.isClosed) {
      await this.#repeat(
        () => this.#receiveSome(),
        () => (this.#hasReceived ? lostFault() : new PageFault("unreachable", "answersRefused")),
      );
    }
  }

  async #receiveSome(): Promise<void> {
    const { fetch, clock, network } = this.#options;
    const isPoll = network.isBuffering;
    const abort = new AbortController();
    this.#getting = abort;
    const cancel = clock.after(STARTED_TIMEOUT_MS, () => {
      if (isPoll) return;
      network.isBuffering = true;
      abort.abort();
    });
    let hasStarted = false;
    try {
      const url = `${this.#url}?from=${this.#receivedCount}${isPoll ? "&poll" : ""}`;
      const response = await fetch(url, { cache: "no-store", signal: abort.signal });
      this.#check(response, 200);
      const reader = new HttpFrameReader();
      const body = response.body?.getReader();
      for (let chunk = await body?.read(); chunk?.done === false; chunk = await body?.read()) {
        hasStarted = true;
        this.#hasReceived = true;
        cancel();
        for (const frame of reader.feed(chunk.value)) this.#receive(frame);
      }
    } catch (error) {
      if (error instanceof Fault) this.drop(error);
      else if (!hasStarted) throw error;
    } finally {
      cancel();
    }
  }

  #receive(frame: HttpFrame): void {
    if (frame.kind === "message") {
      this.#receivedCount += 1;
      this.inbox.push(frame.bytes);
      if (this.inbox.isFlooded) this.drop(undefined);
    } else if (frame.code === CLOSE_CODE.abnormal) this.#closed(lostFault());
    else if (frame.code !== STARTED) {
      this.#receivedCount += 1;
      this.#closeWith(closeFault(frame.code, ""));
    }
  }

  #check({ status }: Response, expected: number): void {
    if (status === 404 || status === 409) this.#closed(lostFault());
    else if (status !== expected) throw new Error(`status ${status}`);
  }

  /** Repeats a request until it succeeds or the link is closed. */
  async #repeat(request: () => Promise<void>, faultOf: () => Fault): Promise<void> {
    const { clock } = this.#options;
    let failingSince: number | undefined;
    while (!this.isClosed) {
      try {
        return await request();
      } catch {
        failingSince ??= clock.now();
      }
      if (clock.now() - failingSince > RETRY_MS_MAX) this.drop(faultOf());
      await delay(clock, RETRY_INTERVAL_MS);
    }
  }
}

function lostFault(): Fault {
  return new Fault("link-closed", "the connection was lost");
}
