/** Static files of the web page: security headers, caching and compression. */

export interface StaticPage {
  /** Lets a browser with an older page detect the new build and reload. */
  readonly build: string;
  readonly files: ReadonlyMap<string, StaticFile>;
}

export interface StaticFile {
  readonly type: string;
  readonly identity: Uint8Array;
  readonly br?: Uint8Array;
  readonly sha256: string;
}

/** @param trusted origin at which the page checks whether its browser trusts the server */
export function securityHeaders(host: string | null, trusted?: string): Record<string, string> {
  return {
    "content-security-policy": contentPolicy(host, trusted),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
  };
}

const HOST = /^[\w.[\]:-]{1,255}$/;

function contentPolicy(host: string | null, trusted: string | undefined): string {
  // Some browsers do not apply 'self' to WebSockets of the same host.
  const sockets = host !== null && HOST.test(host) ? ` ws://${host} wss://${host}` : "";
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    "font-src 'self'",
    "frame-src 'self' blob:",
    "manifest-src 'self'",
    `connect-src 'self'${sockets}${trusted === undefined ? "" : ` ${trusted}`}`,
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

export function servePage(page: StaticPage, request: Request, path: string): Response | undefined {
  const file = page.files.get(path);
  if (file === undefined) return undefined;
  // Asset names contain a hash, so only the page itself must be revalidated.
  const isImmutable = path.startsWith("/assets/");
  return serveFile(file, request, isImmutable ? "public, max-age=31536000, immutable" : "no-cache");
}

export function serveFile(file: StaticFile, request: Request, cacheControl: string): Response {
  const coding = codingOf(file, request.headers.get("accept-encoding"));
  const etag = `"${file.sha256.slice(0, 32)}${coding === "identity" ? "" : `-${coding}`}"`;
  const headers: Record<string, string> = {
    etag,
    vary: "accept-encoding",
    "cache-control": cacheControl,
  };
  if (matches(request.headers.get("if-none-match"), etag)) {
    return new Response(null, { status: 304, headers });
  }
  const body = (coding === "br" ? file.br : undefined) ?? file.identity;
  headers["content-type"] = file.type;
  headers["content-length"] = String(body.length);
  if (coding !== "identity") headers["content-encoding"] = coding;
  const isHead = request.method === "HEAD";
  return new Response(isHead ? null : new Uint8Array(body), { headers });
}

/** Browsers accept Brotli only over TLS, which this server always uses. */
function codingOf(file: StaticFile, accepted: string | null): "br" | "identity" {
  const acceptable = new Set(
    (accepted ?? "")
      .toLowerCase()
      .split(",")
      .map((part) => part.split(";").map((field) => field.trim()))
      .filter(([, weight]) => !/^q=0(\.0*)?$/.test(weight ?? ""))
      .map(([coding = ""]) => coding),
  );
  return acceptable.has("br") && file.br !== undefined ? "br" : "identity";
}

/** Compares an ETag with the header's list by weak comparison (RFC 9110, section 13.1.2). */
export function matches(header: string | null, etag: string): boolean {
  if (header === null) return false;
  const tags = header.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes("*") || tags.includes(etag);
}
