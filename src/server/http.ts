import type { Fault } from "../base/fault.ts";
import type { Address } from "../io/link.ts";
import { PORT_DEFAULT } from "../wire/invite.ts";
import { bearerOf, type HttpPosts, refusal } from "./http-posts.ts";

/** What a browser gets before there is a page: how to come in. No scripts, no other origin. */
const HEADERS = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
} as const;

export interface HttpOptions {
  readonly name: string;
  readonly port: () => number;
  readonly fingerprint: string;
  /** Left out: nobody posts over HTTP. */
  readonly posts?: Pick<HttpPosts, "serve"> | undefined;
  /** Left out: nobody is told how the server is. */
  readonly operator?: HttpOperator | undefined;
}

/** What only those hear who show the token of the data folder. */
export interface HttpOperator {
  /** Undefined: the token is right. */
  refuses(token: string | undefined, remote: Address): Promise<Fault | undefined>;
  metrics(): string;
}

export type HttpHandler = (request: Request, remote: Address) => Promise<Response>;

export function httpHandler(options: HttpOptions): HttpHandler {
  const { posts, operator } = options;
  return async (request, remote) => {
    const { pathname, hostname } = new URL(request.url);
    const room = /^\/rooms\/([^/]+)$/.exec(pathname)?.[1];
    if (room !== undefined && posts !== undefined) {
      if (request.method !== "POST") return plain(405, "Only POST is answered here.\n", ALLOW_POST);
      return secured(await posts.serve(request, room, remote));
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return plain(405, "Only GET is answered here.\n", { allow: "GET, HEAD" });
    }
    if (pathname === "/healthz") return plain(200, "ok\n");
    if (pathname === "/metrics" && operator !== undefined) {
      const fault = await operator.refuses(bearerOf(request), remote);
      if (fault !== undefined) return secured(refusal(fault));
      const type = "text/plain; version=0.0.4; charset=utf-8";
      return plain(200, operator.metrics(), { "content-type": type });
    }
    if (pathname !== "/") return plain(404, "There is nothing here.\n");
    const port = options.port();
    const place = port === PORT_DEFAULT ? hostname : `${hostname}:${port}`;
    return new Response(page(options, place), {
      headers: { ...HEADERS, "content-type": "text/html; charset=utf-8" },
    });
  };
}

const ALLOW_POST = { allow: "POST" };

function secured(response: Response): Response {
  for (const [name, value] of Object.entries(HEADERS)) response.headers.set(name, value);
  return response;
}

function plain(status: number, text: string, more: Record<string, string> = {}): Response {
  const headers = { ...HEADERS, "content-type": "text/plain; charset=utf-8", ...more };
  return new Response(text, { status, headers });
}

function page({ name, fingerprint }: HttpOptions, place: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(name)}</title>
<h1>${escapeHtml(name)}</h1>
<p>This is a chat server. Come in from a terminal:</p>
<pre>chat join ${escapeHtml(place)} --user YOUR-NAME</pre>
<p>Its fingerprint is <code>${escapeHtml(fingerprint)}</code>.</p>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
