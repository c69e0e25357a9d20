/** Sends POST requests to push services. */

// The name is resolved once, and the connection uses the checked address, which prevents DNS
// rebinding. Redirects are never followed.

// Members supply the push addresses, through which they could otherwise reach the server's local
// network.

import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { concatBytes, utf8Encode } from "../../base/bytes.ts";
import { tryUrl } from "../../base/decode.ts";
import { Fault } from "../../base/fault.ts";
import { PUSH_ANSWER_BYTES_MAX } from "../../base/limits-page.ts";
import { HTTPS_PORT } from "../../wire/invite.ts";
import { withTimeout } from "../clock.ts";

const PUSH_TIMEOUT_MS = 10_000;

export interface PushPost {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface PushResponse {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

export interface PushPosterOptions {
  readonly isPrivateAllowed: boolean;
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  readonly ca?: string;
  readonly timeoutMs?: number;
}

async function systemResolve(host: string): Promise<readonly string[]> {
  const addresses = await lookup(host, { all: true });
  return addresses.map(({ address }) => address);
}

/**
 * The host name is resolved only when a push is sent.
 * @throws {Fault} not-allowed if it is not a public HTTPS URL
 */
export function checkEndpoint(endpoint: string, isPrivateAllowed: boolean): URL {
  const refused = (reason: string) =>
    new Fault("not-allowed", `cannot send push notifications to this address: ${reason}`, {
      remedy: "use another browser",
    });
  const url = tryUrl(endpoint);
  if (url?.protocol !== "https:") throw refused("the URL is not https");
  if (url.href !== endpoint) throw refused("the URL is not normalized");
  if (url.username !== "" || url.password !== "" || url.hash !== "") {
    throw refused("the URL has a user name, password or fragment");
  }
  if (isPrivateAllowed) return url;
  if (url.port !== "") throw refused("the port is not 443");
  const host = withoutBrackets(url.hostname);
  const isAddress = isIP(host) !== 0;
  // A name without a dot, or in one of these domains, belongs to the local network.
  const isLocal = !host.includes(".") || /\.(?:local|localhost|internal|arpa|lan)\.?$/i.test(host);
  if (isAddress ? !isPublicAddress(host) : isLocal) throw refused("not a public address");
  return url;
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}

/**
 * @throws {Fault} unreachable or timeout if the service does not answer, not-allowed if the name
 * resolves to a private network
 */
export async function postPush(post: PushPost, options: PushPosterOptions): Promise<PushResponse> {
  const url = checkEndpoint(post.endpoint, options.isPrivateAllowed);
  const timedOut = new Fault("timeout", `push service ${url.host} did not answer`);
  let socket: TLSSocket | undefined;
  let isFinished = false;
  const send = async () => {
    const address = await addressOf(url, options);
    if (isFinished) throw timedOut;
    return await new Promise<PushResponse>((resolve, reject) => {
      const host = withoutBrackets(url.hostname);
      socket = connect({
        host: address,
        port: url.port === "" ? HTTPS_PORT : Number(url.port),
        ALPNProtocols: ["http/1.1"],
        servername: isIP(host) === 0 ? host : undefined,
        ca: options.ca,
      });
      exchange(socket, url, post, resolve, reject);
    });
  };
  try {
    return await withTimeout(send(), options.timeoutMs ?? PUSH_TIMEOUT_MS, () => {
      throw timedOut;
    });
  } catch (error) {
    throw error instanceof Fault ? error : unreachableFault(url, error);
  } finally {
    isFinished = true;
    socket?.destroy();
  }
}

function unreachableFault(url: URL, cause: unknown): Fault {
  return new Fault("unreachable", `cannot reach push service ${url.host}`, { cause });
}

async function addressOf(url: URL, options: PushPosterOptions): Promise<string> {
  const host = withoutBrackets(url.hostname);
  const addresses = isIP(host) === 0 ? await (options.resolve ?? systemResolve)(host) : [host];
  const allowedAddresses = options.isPrivateAllowed ? addresses : addresses.filter(isPublicAddress);
  const [address] = allowedAddresses;
  if (address !== undefined) return address;
  if (addresses.length === 0) throw unreachableFault(url, undefined);
  throw new Fault("not-allowed", `${url.host} resolves to a private address`);
}

function exchange(
  socket: TLSSocket,
  url: URL,
  post: PushPost,
  resolve: (response: PushResponse) => void,
  reject: (error: unknown) => void,
): void {
  let head = "";
  socket.once("secureConnect", () => {
    // Send nothing unless the certificate is trusted, because it identifies the push service.
    if (!socket.authorized) return void socket.destroy(new Error("its certificate is not trusted"));
    socket.write(encodeRequest(url, post));
  });
  socket.on("data", (bytes: Uint8Array) => {
    head += Buffer.from(bytes).toString("latin1");
    const isComplete = head.includes("\r\n\r\n");
    if (!isComplete && head.length <= PUSH_ANSWER_BYTES_MAX) return;
    const response = isComplete ? parseResponse(head) : undefined;
    if (response === undefined) reject(new Error("its answer is not HTTP"));
    else resolve(response);
    socket.destroy();
  });
  socket.once("error", reject);
  socket.once("close", () => reject(new Error("it closed the connection")));
}

function encodeRequest(url: URL, { headers, body }: PushPost): Uint8Array {
  const fields = Object.entries({
    ...headers,
    host: url.host,
    connection: "close",
    "content-length": String(body.length),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const line = `POST ${url.pathname}${url.search} HTTP/1.1\r\n`;
  return concatBytes(utf8Encode(`${line}${fields.join("")}\r\n`), body);
}

function parseResponse(text: string): PushResponse | undefined {
  const [head = ""] = text.split("\r\n\r\n");
  const [line = "", ...fields] = head.split("\r\n");
  const status = Number(/^HTTP\/1\.[01] ([2-5]\d\d)(?: |$)/.exec(line)?.[1]);
  if (Number.isNaN(status)) return undefined;
  const retry = fields.find((field) => /^retry-after:/i.test(field));
  return { status, retryAfter: retry?.slice(retry.indexOf(":") + 1).trim() };
}

/** @see RFC 6890 and its IANA registries */
const RESERVED_IPV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
];
const GLOBAL_IPV6 = ["2000::/3"];
/** Address blocks for documentation and for tunnels, which can reach any IPv4 address. */
const RESERVED_IPV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

function blockList(subnets: readonly string[], family: "ipv4" | "ipv6"): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = "", bits] = subnet.split("/");
    list.addSubnet(network, Number(bits), family);
  }
  return list;
}

const RESERVED_IPV4_LIST = blockList(RESERVED_IPV4, "ipv4");
const GLOBAL_IPV6_LIST = blockList(GLOBAL_IPV6, "ipv6");
const RESERVED_IPV6_LIST = blockList(RESERVED_IPV6, "ipv6");

/** @internal */
export function isPublicAddress(address: string): boolean {
  if (address.includes("%")) return false;
  const family = isIP(address);
  if (family === 4) return !RESERVED_IPV4_LIST.check(address, "ipv4");
  if (family !== 6) return false;
  return GLOBAL_IPV6_LIST.check(address, "ipv6") && !RESERVED_IPV6_LIST.check(address, "ipv6");
}
