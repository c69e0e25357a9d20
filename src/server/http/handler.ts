/** HTTP handler of the server: routing, limits and common headers. */

import { tryDecodeUri } from "../../base/decode.ts";
import type { Fault } from "../../base/fault.ts";
import { boxNames, isName } from "../../base/names.ts";
import { refusalReason } from "../../io/cluster/majority.ts";
import type { Address } from "../../io/link/link.ts";
import { requestUrl } from "../../io/ws/address.ts";
import { HTTPS_PORT, PORT_DEFAULT } from "../../wire/invite.ts";
import { bearerOf, faultResponse, type HttpPosts } from "./post-api.ts";
import { listResponse } from "./programs.ts";
import type { HttpReads, KeepOpen } from "./read-api.ts";
import {
  type StaticFile,
  type StaticPage,
  securityHeaders,
  serveFile,
  servePage,
} from "./static.ts";

export interface HttpOptions {
  readonly name: string;
  readonly port: () => number;
  readonly fingerprint: string;
  readonly posts?: Pick<HttpPosts, "serve"> | undefined;
  readonly reads?: Pick<HttpReads, "serve"> | undefined;
  readonly health?: () => Fault | undefined;
  readonly operator?: HttpOperator | undefined;
  readonly page?: StaticPage | undefined;
  readonly guides?: HttpGuides | undefined;
  readonly files?: HttpFiles | undefined;
  /** Called for downloads. @throws {Fault} banned */
  readonly checkAddress?: ((host: string) => void) | undefined;
  readonly programs?: HttpFiles | undefined;
  readonly root?: (() => HttpRoot | undefined) | undefined;
}

/** Root certificate that a browser's user can install. */
export interface HttpRoot {
  /** DNS name at which browsers trust the server afterwards. */
  readonly name: string;
  readonly rootPem: string;
  readonly rootSha256: string;
}

/** Documents of the program, which everybody may read. */
export interface HttpGuides {
  file(path: string): Promise<StaticFile | undefined>;
}

export interface HttpFiles {
  serve(request: Request, token: string, remote: Address): Promise<Response>;
}

export interface HttpOperator {
  /** @throws {Fault} login-refused, or the fault of a banned address */
  authenticate(token: string | undefined, remote: Address): Promise<unknown>;
  metrics(): string;
}

export type HttpHandler = (
  request: Request,
  remote: Address,
  keepOpen?: KeepOpen,
) => Promise<Response>;

/** An upgrade of the server may change the guides. */
const GUIDE_CACHING = "public, max-age=600";

export function httpHandler(options: HttpOptions): HttpHandler {
  return async (request, remote, keepOpen) => {
    const response = await answer(options, request, remote, keepOpen).catch(faultResponse);
    const host = request.headers.get("host");
    const trusted = options.root?.()?.name;
    const origin = trusted && `https://${trusted}:${options.port()}`;
    for (const [name, value] of Object.entries(securityHeaders(host, origin))) {
      // Responses with user files have set a stricter policy already.
      if (!response.headers.has(name)) response.headers.set(name, value);
    }
    if (!response.headers.has("cache-control")) response.headers.set("cache-control", "no-store");
    return response;
  };
}

/** Paths of everything but the page. `test/hostile` attacks each of them. */
export const ROUTES = {
  room: /^\/rooms\/([^/]+)$/,
  health: /^\/healthz$/,
  metrics: /^\/metrics$/,
  file: /^\/files\/([\w/-]{1,64})$/,
  program: /^\/program(?:\/([\w.+~-]{0,128}))?$/,
  certificate: /^\/ca\.crt$/,
  "trusted-address": /^\/trust\.json$/,
  trust: /^\/trust$/,
  guide: /^\/help(?:\/[\w.-]{0,64})?\/?$/,
} as const satisfies Readonly<Record<string, RegExp>>;

export type HttpRoute = keyof typeof ROUTES;

function healthOf(fault: Fault): string {
  const refusal = refusalReason(fault);
  return refusal === undefined ? fault.code : `${fault.code}: ${refusal}`;
}

async function answer(
  options: HttpOptions,
  request: Request,
  remote: Address,
  keepOpen: KeepOpen | undefined,
): Promise<Response> {
  const { posts, reads, operator, files } = options;
  const url = requestUrl(request);
  if (url === undefined) return textResponse(400, "Invalid host.\n");
  const { pathname, hostname } = url;
  const match = (route: HttpRoute) => ROUTES[route].exec(pathname);
  const encodedRoom = match("room")?.[1];
  const room = encodedRoom && (tryDecodeUri(encodedRoom) ?? encodedRoom);
  if (room !== undefined && posts !== undefined) {
    if (request.method === "POST") return posts.serve(request, room, remote);
    const isRead = request.method === "GET" || request.method === "HEAD";
    if (isRead && reads !== undefined) return reads.serve(request, room, remote, keepOpen);
    const allow = reads === undefined ? "POST" : "GET, HEAD, POST";
    return textResponse(405, `Method not allowed; use ${allow}.\n`, { allow });
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    return textResponse(405, "Method not allowed; use GET or HEAD.\n", { allow: "GET, HEAD" });
  }
  if (match("health")) {
    // Omits the names of missing servers, because the response is public. NATS's reason for
    // refusing this server contains no names.
    const fault = options.health?.();
    // The page at another address of this server asks whether the browser trusts this one.
    const headers = { "cross-origin-resource-policy": "cross-origin" };
    return fault === undefined
      ? textResponse(200, "ok\n", headers)
      : textResponse(503, `${healthOf(fault)}\n`, headers);
  }
  if (match("metrics") && operator !== undefined) {
    await operator.authenticate(bearerOf(request), remote);
    const type = "text/plain; version=0.0.4; charset=utf-8";
    return textResponse(200, operator.metrics(), { "content-type": type });
  }
  const file = match("file")?.[1];
  if (file !== undefined && files !== undefined) {
    options.checkAddress?.(remote.host);
    return files.serve(request, file, remote);
  }
  const program = match("program");
  if (program !== null) {
    const { programs } = options;
    const [, name = ""] = program;
    if (programs !== undefined) {
      options.checkAddress?.(remote.host);
      return programs.serve(request, name, remote);
    }
    if (name === "") return listResponse([]);
  }
  if (match("guide")) {
    const guide = await options.guides?.file(pathname);
    if (guide !== undefined) return serveFile(guide, request, GUIDE_CACHING);
  }
  const root = options.root?.();
  if (match("certificate") && root !== undefined) {
    const type = "application/x-x509-ca-cert";
    const disposition = `attachment; filename="${root.name}.crt"`;
    const headers = { "content-type": type, "content-disposition": disposition };
    return new Response(root.rootPem, { headers });
  }
  if (match("trusted-address") && root !== undefined) {
    const { name, rootSha256 } = root;
    return Response.json({ trustedWeb: `https://${name}:${options.port()}/`, rootSha256 });
  }
  if (match("trust") && root !== undefined) {
    return textResponse(303, "", { location: "/#trust" });
  }
  if (options.page !== undefined) {
    const file = servePage(options.page, request, pathname);
    if (file !== undefined) return file;
    if (request.headers.get("accept")?.includes("text/html") === true) {
      const route = pageRoute(pathname);
      if (route !== undefined) return textResponse(303, "", { location: `/${route}` });
      return htmlResponse(404, notFoundPage(options));
    }
    return textResponse(404, "Not found.\n");
  }
  if (pathname !== "/") return textResponse(404, "Not found.\n");
  const port = options.port();
  const address = port === PORT_DEFAULT ? hostname : `${hostname}:${port}`;
  return htmlResponse(200, joinPage(options, address));
}

function htmlResponse(status: number, html: string): Response {
  return new Response(html, { status, headers: { "content-type": "text/html; charset=utf-8" } });
}

function textResponse(status: number, text: string, more: Record<string, string> = {}): Response {
  const headers = { "content-type": "text/plain; charset=utf-8", ...more };
  return new Response(text, { status, headers });
}

export interface StartPageOptions {
  readonly name: string;
  /** Port of the page over TLS. */
  readonly port: number;
  readonly hasRoot: () => boolean;
}

/** Answers plain HTTP with a page that leads to the real one. */
export function startPageHandler(options: StartPageOptions): (request: Request) => Response {
  return (request) => {
    const url = requestUrl(request);
    if (url === undefined) return textResponse(400, "Invalid host.\n");
    const headers = {
      ...securityHeaders(null),
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
    };
    const status = url.pathname === "/" ? 200 : 404;
    return new Response(startPage(options, url), { status, headers });
  };
}

function startPage({ name, port, hasRoot }: StartPageOptions, { hostname, pathname }: URL): string {
  const host = port === HTTPS_PORT ? hostname : `${hostname}:${port}`;
  const page = Bun.escapeHTML(`https://${host}/`);
  const trust = `<p><a href="${page}trust">Trust this server</a>: no warning any more</p>`;
  return htmlPage(
    name,
    `<p><a href="${page}${pageRoute(pathname) ?? ""}">Open</a></p>
<p>The browser will warn you, because no authority on the Internet knows this server. The
connection is encrypted. If you know who runs the server, continue: "Advanced", then "Continue" or
"Accept the risk".</p>
${hasRoot() ? trust : ""}`,
  );
}

const PAGE_PATH = /^\/(@|%40)?([^/]+)(?:\/(\d{1,16}))?\/?$/i;

/**
 * Returns the page's hash for a typed address such as `/lobby`, `/@ana` or `/lobby/184`;
 * `undefined` if the path names no room or person.
 */
function pageRoute(pathname: string): string | undefined {
  const [, at, name = "", seq] = PAGE_PATH.exec(pathname) ?? [];
  const isBox = at === undefined && boxNames(name) !== undefined;
  if (!isName(name) && !isBox) return undefined;
  return `#/${at === undefined ? "" : "@"}${name}${seq === undefined ? "" : `/${seq}`}`;
}

function notFoundPage({ name }: HttpOptions): string {
  return htmlPage(name, `<p>Nothing is here. <a href="/">Open the chat</a></p>`);
}

function joinPage({ name, fingerprint }: HttpOptions, address: string): string {
  return htmlPage(
    name,
    `<p>This is a chat server. To join from a terminal:</p>
<pre>chat join ${Bun.escapeHTML(address)} --user YOUR-NAME</pre>
<p>Server fingerprint: <code>${Bun.escapeHTML(fingerprint)}</code>.</p>`,
  );
}

function htmlPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${Bun.escapeHTML(title)}</title>
<h1>${Bun.escapeHTML(title)}</h1>
${body}
</html>
`;
}
