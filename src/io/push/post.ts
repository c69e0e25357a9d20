/** A POST to a push service. */

// The name is looked up once, and the connection goes to exactly the address that was checked, so
// that a name that changes a moment later has no effect. Redirects are not followed, and only the
// head of the answer is read.

import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { concatBytes, utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { PUSH_ANSWER_BYTES_MAX } from "../../base/limits-page.ts";
import { within } from "../clock.ts";
import { isPublicAddress } from "./public-address.ts";

/** From the name lookup to the first line of the answer. */
const PUSH_WITHIN_MS = 10_000;

export interface PushPost {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface PushAnswer {
  readonly status: number;
  /** As received. */
  readonly retryAfter: string | undefined;
}

export interface PushPosterOptions {
  /** Allows push services in the operator's own network: any address, and any port. */
  readonly isPrivateAllowed: boolean;
  /** Resolves all addresses of a name. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Certificates in PEM that replace those of the system. */
  readonly ca?: string;
  readonly withinMs?: number;
}

const HTTPS_PORT = 443;

async function systemResolve(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}

/**
 * Checks only the form: the name is resolved when something is sent.
 * @throws Fault not-allowed
 */
export function checkEndpoint(endpoint: string, isPrivateAllowed: boolean): URL {
  const refused = (why: string) =>
    new Fault("not-allowed", `pushes do not go there: ${why}`, { remedy: "use another browser" });
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url?.protocol !== "https:") throw refused("the address is not https");
  if (url.href !== endpoint) throw refused("the address is not written as browsers write it");
  if (url.username !== "" || url.password !== "" || url.hash !== "") {
    throw refused("the address has a name, a password or a fragment");
  }
  if (isPrivateAllowed) return url;
  if (url.port !== "") throw refused("the port is not 443");
  const host = bare(url.hostname);
  const isAddress = isIP(host) !== 0;
  // A name without a dot, or below these, belongs to the local network.
  const isLocal = !host.includes(".") || /\.(?:local|localhost|internal|arpa|lan)\.?$/i.test(host);
  if (isAddress ? !isPublicAddress(host) : isLocal) throw refused("it is no place on the Internet");
  return url;
}

/** Removes the brackets of an IPv6 address. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}

/**
 * @returns the answer of the push service, whatever it is
 * @throws Fault unreachable, timeout, not-allowed: the name resolves to a private network
 */
export async function postPush(post: PushPost, options: PushPosterOptions): Promise<PushAnswer> {
  const url = checkEndpoint(post.endpoint, options.isPrivateAllowed);
  const late = new Fault("timeout", `the push service ${url.host} did not answer`);
  let socket: TLSSocket | undefined;
  let isOver = false;
  const work = async () => {
    const address = await addressOf(url, options);
    if (isOver) throw late;
    return await new Promise<PushAnswer>((resolve, reject) => {
      const host = bare(url.hostname);
      socket = connect({
        host: address,
        port: url.port === "" ? HTTPS_PORT : Number(url.port),
        ALPNProtocols: ["http/1.1"],
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...(options.ca === undefined ? {} : { ca: options.ca }),
      });
      talk(socket, url, post, resolve, reject);
    });
  };
  try {
    return await within(work(), options.withinMs ?? PUSH_WITHIN_MS, () => {
      throw late;
    });
  } catch (error) {
    throw error instanceof Fault ? error : unreachableFault(url, error);
  } finally {
    isOver = true;
    socket?.destroy();
  }
}

function unreachableFault(url: URL, cause: unknown): Fault {
  return new Fault("unreachable", `the push service ${url.host} cannot be reached`, { cause });
}

async function addressOf(url: URL, options: PushPosterOptions): Promise<string> {
  const host = bare(url.hostname);
  const found = isIP(host) === 0 ? await (options.resolve ?? systemResolve)(host) : [host];
  const fit = options.isPrivateAllowed ? found : found.filter(isPublicAddress);
  const [address] = fit;
  if (address !== undefined) return address;
  if (found.length === 0) throw unreachableFault(url, undefined);
  throw new Fault("not-allowed", `${url.host} leads into a private network`);
}

function talk(
  socket: TLSSocket,
  url: URL,
  post: PushPost,
  resolve: (answer: PushAnswer) => void,
  reject: (error: unknown) => void,
): void {
  let head = "";
  socket.once("secureConnect", () => {
    // The name in the certificate identifies the service; an unauthorized peer receives nothing.
    if (!socket.authorized) return void socket.destroy(new Error("its certificate is not trusted"));
    socket.write(requestOf(url, post));
  });
  socket.on("data", (bytes: Uint8Array) => {
    head += Buffer.from(bytes).toString("latin1");
    const isWhole = head.includes("\r\n\r\n");
    if (!isWhole && head.length <= PUSH_ANSWER_BYTES_MAX) return;
    const answer = isWhole ? answerOf(head) : undefined;
    if (answer === undefined) reject(new Error("its answer is not HTTP"));
    else resolve(answer);
    socket.destroy();
  });
  socket.once("error", reject);
  socket.once("close", () => reject(new Error("it closed the connection")));
}

function requestOf(url: URL, { headers, body }: PushPost): Uint8Array {
  const fields = Object.entries({
    ...headers,
    host: url.host,
    connection: "close",
    "content-length": String(body.length),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const line = `POST ${url.pathname}${url.search} HTTP/1.1\r\n`;
  return concatBytes(utf8Encode(`${line}${fields.join("")}\r\n`), body);
}

/** Returns `undefined` if it is not a head of HTTP/1.1. An interim "continue" is not an answer. */
function answerOf(text: string): PushAnswer | undefined {
  const [head = ""] = text.split("\r\n\r\n");
  const [line = "", ...fields] = head.split("\r\n");
  const status = Number(/^HTTP\/1\.[01] ([2-5]\d\d)(?: |$)/.exec(line)?.[1]);
  if (Number.isNaN(status)) return undefined;
  const retry = fields.find((field) => /^retry-after:/i.test(field));
  return { status, retryAfter: retry?.slice(retry.indexOf(":") + 1).trim() };
}
