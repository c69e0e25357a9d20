/** A `Link` over plain HTTP requests, for networks that refuse WebSocket. */

import { concatBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { CONNECT_TIMEOUT_MS } from "../../base/limits.ts";
import { type Clock, delay } from "../../io/clock.ts";
import { controlCode, httpFrameReader, STARTED } from "../../io/http/frames.ts";
import { PROXY_STATUSES } from "../../io/http/proxy-status.ts";
import { QueuedLink } from "../../io/http/queued-link.ts";
import { CLOSE_CODE, closeFault } from "../../io/link/close-code.ts";
import type { Frame } from "../../io/link/frame.ts";
import type { Link } from "../../io/link/link.ts";
import { ifPossible } from "../../io/promises.ts";
import { PageFault } from "../../ui/text/fault-text.ts";
import { NO_CERTIFICATE_HASH } from "./link.ts";

export interface HttpDialOptions {
  readonly fetch: (url: string, options: RequestInit) => Promise<Response>;
  /** Address of the server without a path; empty for the page's own. */
  readonly origin: string;
  readonly host: string;
  readonly clock: Pick<Clock, "after" | "now">;
  /** Further data channels wait, because browsers open six connections to a host. */
  readonly channelsMax: number;
  /** All links poll until this time, because a proxy has withheld the beginning of a response. */
  readonly network: { pollsUntil: number };
  /** Calls back when the page is closed, unless the signal is aborted before. */
  readonly onPageHide?: (callback: () => void, signal: AbortSignal) => void;
}

/** Time within which a response must begin. */
const STARTED_TIMEOUT_MS = 3_000;
/** The network may change, or may only have been slow. */
const POLL_MS = 10 * 60_000;
/** The server waits somewhat longer for a lost request to be repeated. */
const RETRY_MS_MAX = 8_000;
const RETRY_INTERVAL_MS = 250;
/** Many proxies refuse bodies of more than 1 MiB. */
const BODY_BYTES_FIRST = 512 << 10;
/** The server's links before log-in may go first. */
const FULL_RETRY_MS = 3_000;
/** @throws {Fault} unreachable, timeout */
export async function dialHttp(options: HttpDialOptions, onClosed = () => {}): Promise<Link> {
  const { fetch, origin, clock } = options;
  const abort = new AbortController();
  const cancel = clock.after(CONNECT_TIMEOUT_MS, () => abort.abort());
  try {
    const response = await fetch(`${origin}/link`, { method: "POST", signal: abort.signal });
    const id = await response.text();
    if (response.status === 503 && id === "no more connections\n") {
      throw new PageFault("unreachable", "connectionsFull", { retryAfterMs: FULL_RETRY_MS });
    }
    if (PROXY_STATUSES.has(response.status)) throw new PageFault("unreachable", "serverRestarts");
    if (!response.ok || !/^[\da-f]{32}$/.test(id)) throw new Error(`status ${response.status}`);
    return new HttpLink(`${origin}/link/${id}`, options, onClosed);
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    const code = abort.signal.aborted ? "timeout" : "unreachable";
    throw new Fault(code, "the server cannot be reached", { cause });
  } finally {
    cancel();
  }
}

class HttpLink extends QueuedLink {
  readonly transport = "http";
  readonly remote: Link["remote"];
  readonly certificateHash = NO_CERTIFICATE_HASH;
  readonly #posting = new AbortController();
  #getting = new AbortController();
  #receivedCount = 0;
  #hasReceived = false;
  #isPosting = false;
  /** A single frame may be larger. */
  #bodyBytesMax = BODY_BYTES_FIRST;
  #channelCount = 0;
  #channelClosed = Promise.withResolvers<void>();

  constructor(
    private readonly url: string,
    private readonly options: HttpDialOptions,
    private readonly onClosed: () => void,
  ) {
    super(options.clock);
    this.remote = { host: options.host, port: 0 };
    options.onPageHide?.(() => this.drop(lostFault()), this.#posting.signal);
    void this.#receiveAll();
  }

  drop(fault: Fault | undefined): void {
    if (this.isClosed) return;
    this.#closed(fault);
    // Sent even if the page is being closed. A failure is ignored: the server then closes the link
    // later.
    const request = { method: "DELETE", keepalive: true };
    void ifPossible(this.options.fetch(this.url, request));
  }

  protected override async dialChannel(): Promise<Link> {
    while (this.#channelCount >= this.options.channelsMax && !this.isClosed) {
      await this.#channelClosed.promise;
    }
    if (this.state !== "open") throw new Fault("unreachable", "the link is closed");
    this.#channelCount += 1;
    const onClosed = () => {
      this.#channelCount -= 1;
      this.#wakeChannels();
    };
    try {
      return await dialHttp(this.options, onClosed);
    } catch (error) {
      onClosed();
      throw error;
    }
  }

  #wakeChannels(): void {
    this.#channelClosed.resolve();
    this.#channelClosed = Promise.withResolvers();
  }

  /** The code of a fault is for a fault of this end; the server's own is only confirmed. */
  protected codeOf(fault: Fault | undefined): number {
    return fault?.code === "too-large" ? CLOSE_CODE.tooLarge : CLOSE_CODE.normal;
  }

  #closed(fault: Fault | undefined): void {
    if (this.isClosed) return;
    this.state = "closed";
    this.forgetFrames();
    this.#getting.abort();
    this.#posting.abort();
    this.inbox.close((this.outcome ?? { fault }).fault);
    this.settle();
    this.#wakeChannels();
    this.onClosed();
  }

  protected schedule(): void {
    if (this.#isPosting) return;
    this.#isPosting = true;
    queueMicrotask(() => void this.#postAll());
  }

  async #postAll(): Promise<void> {
    while (this.frames.length > 0) {
      let [count, sizeBytes] = [0, 0];
      for (const { length } of this.frames) {
        if (count > 0 && sizeBytes + length > this.#bodyBytesMax) break;
        count += 1;
        sizeBytes += length;
      }
      const body = concatBytes(...this.frames.slice(0, count));
      let isTooLarge = false;
      await this.#repeat(
        async () => {
          isTooLarge = !(await this.#post(body));
        },
        () => (this.firstFrame > 0 ? lostFault() : new PageFault("unreachable", "postsRefused")),
      );
      if (this.isClosed) return;
      if (!isTooLarge) this.acknowledge(count);
      else if (count > 1) this.#bodyBytesMax = sizeBytes >> 1;
      else return this.drop(new PageFault("too-large", "postsLimited"));
    }
    this.#isPosting = false;
    if (this.state === "closing") this.#closed(undefined);
  }

  /** @returns false if a proxy refuses so large a body */
  async #post(body: Uint8Array): Promise<boolean> {
    const response = await this.options.fetch(`${this.url}?from=${this.firstFrame}`, {
      method: "POST",
      body: body as Uint8Array<ArrayBuffer>,
      signal: this.#posting.signal,
    });
    if (response.status === 413) return false;
    this.#check(response, 204);
    return true;
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
    const { fetch, clock, network } = this.options;
    const isPoll = clock.now() < network.pollsUntil;
    const abort = new AbortController();
    this.#getting = abort;
    const cancel = clock.after(STARTED_TIMEOUT_MS, () => {
      if (isPoll) return;
      network.pollsUntil = clock.now() + POLL_MS;
      abort.abort();
    });
    let hasStarted = false;
    try {
      const url = `${this.url}?from=${this.#receivedCount}${isPoll ? "&poll" : ""}`;
      const response = await fetch(url, { cache: "no-store", signal: abort.signal });
      this.#check(response, 200);
      const reader = httpFrameReader();
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

  #receive(frame: Frame): void {
    if (frame.kind === "message") {
      this.#receivedCount += 1;
      this.inbox.push(frame.bytes);
      if (this.inbox.isFlooded) this.drop(undefined);
      return;
    }
    const code = controlCode(frame);
    if (code === CLOSE_CODE.abnormal) this.#closed(lostFault());
    else if (code !== STARTED) {
      this.#receivedCount += 1;
      this.closeWith(closeFault(code, ""));
    }
  }

  #check({ status }: Response, expected: number): void {
    if (status === 404 || status === 409) this.#closed(lostFault());
    else if (status !== expected) throw new Error(`status ${status}`);
  }

  /** Repeats a request until it succeeds or the link is closed. */
  async #repeat(request: () => Promise<void>, faultOf: () => Fault): Promise<void> {
    const { clock } = this.options;
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
