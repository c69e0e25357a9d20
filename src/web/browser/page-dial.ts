/** Dialer of the page: WebSocket or, where the network refuses it, plain HTTP requests. */

import { Fault } from "../../base/fault.ts";
import type { Link } from "../../io/link/link.ts";
import { PageFault } from "../../ui/text/fault-text.ts";
import type { HttpDialOptions } from "./http-link.ts";

export interface PageDialOptions {
  readonly dialSocket: () => Promise<Link>;
  readonly dialHttp: () => Promise<Link>;
  readonly fetch: HttpDialOptions["fetch"];
}

/** Refused WebSockets, while the server answers, after which the page uses HTTP. */
const REFUSALS = 2;

export class PageDialer {
  #httpLink: Link | undefined;

  constructor(private readonly options: PageDialOptions) {}

  /** @throws {Fault} unreachable, timeout */
  readonly dial = async (): Promise<Link> => {
    const { dialSocket, dialHttp } = this.options;
    const hasWorked = (this.#httpLink?.counters().receivedMessages ?? 0) > 0;
    for (let refusals = 0; refusals < REFUSALS && !hasWorked; refusals++) {
      try {
        return await dialSocket();
      } catch (error) {
        if (!(await this.#isServerUp())) throw error;
      }
    }
    try {
      this.#httpLink = await dialHttp();
      return this.#httpLink;
    } catch (error) {
      this.#httpLink = undefined;
      if (!(error instanceof Fault) || !(await this.#isServerUp())) throw error;
      throw new PageFault("unreachable", "postsRefused", { cause: error });
    }
  };

  async #isServerUp(): Promise<boolean> {
    try {
      const response = await this.options.fetch("/healthz", { cache: "no-store" });
      return /^(?:ok|no-majority)\n$/.test(await response.text());
    } catch {
      return false;
    }
  }
}
