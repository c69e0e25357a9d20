/** Links over plain HTTP requests, for clients whose network refuses WebSocket. */

// `POST /link` opens a link and answers its ID; `GET /link/ID?from=N` receives frames,
// `POST /link/ID?from=N` sends them, and `DELETE /link/ID` destroys the link. A page of another
// site can neither send a POST without its `Origin` nor guess an ID.

import { Fault } from "../../base/fault.ts";
import type { Clock } from "../clock.ts";
import type { Address, Link } from "../link/link.ts";
import { Topics } from "../link/topics.ts";
import { HttpServerLink } from "./server-link.ts";

export const HTTP_LINK_PATH = "/link";
const LINK_ID_BYTES = 16;
const ID_PATH = /^\/link\/([\da-f]{32})$/;
/** Longer than a response stays open. */
const IDLE_SECONDS = 60;

interface OpenedLink {
  readonly remote: Address;
  readonly certificateHash: Uint8Array;
}

export class HttpLinks {
  readonly #links = new Map<string, HttpServerLink>();
  readonly #topics = new Topics<HttpServerLink>();

  constructor(
    private readonly clock: Pick<Clock, "now" | "after">,
    private readonly onRemoved: () => void,
  ) {}

  get count(): number {
    return this.#links.size;
  }

  close(): void {
    for (const link of [...this.#links.values()]) link.close();
  }

  publish(topic: string, message: Uint8Array): void {
    // Copy the set, because sending may drop a link and thereby remove it from the set.
    for (const link of [...this.#topics.followers(topic)]) link.send(message);
  }

  linkAt(path: string): HttpServerLink | undefined {
    return this.#links.get(ID_PATH.exec(path)?.[1] ?? "");
  }

  /** The caller has checked that the client may connect. */
  open(opened: OpenedLink, onLink: (link: Link) => void): Response {
    const id = crypto.getRandomValues(new Uint8Array(LINK_ID_BYTES)).toHex();
    const onClosed = () => {
      this.#links.delete(id);
      this.onRemoved();
    };
    const shared = { topics: this.#topics, clock: this.clock };
    const link = new HttpServerLink({ ...opened, ...shared, onClosed });
    this.#links.set(id, link);
    onLink(link);
    return new Response(id, { headers: { "cache-control": "no-store" } });
  }

  /** @param keepOpen extends the time without traffic after which the connection is closed */
  answer(
    link: HttpServerLink,
    request: Request,
    { searchParams }: URL,
    keepOpen: (seconds: number) => void,
  ): Response | Promise<Response> {
    if (!link.allowsRequest()) {
      return new Response(null, { status: 429, headers: { "retry-after": "1" } });
    }
    if (request.method === "DELETE") {
      link.drop(new Fault("link-closed", "the connection was lost"));
      return new Response(null, { status: 204 });
    }
    const from = Number(/^\d{1,15}$/.exec(searchParams.get("from") ?? "")?.[0]);
    if (Number.isNaN(from)) return new Response(null, { status: 400 });
    if (request.method === "POST") return link.receivePost(from, request);
    if (request.method !== "GET") return new Response(null, { status: 405 });
    keepOpen(IDLE_SECONDS);
    return link.respond(from, searchParams.has("poll"), request.signal);
  }
}
