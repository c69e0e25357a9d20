/** URL of a request, with or without a Host header. */

/**
 * HTTP/1.0, which proxies use for health checks, does not require a Host header; without one, Bun
 * returns a bare path.
 * @returns `undefined` if the host is invalid
 */
export function requestUrl({ url, headers }: Request): URL | undefined {
  const hasNoHost = (headers.get("host") ?? "") === "";
  const full = url.startsWith("/") && hasNoHost ? `http://localhost${url}` : url;
  return URL.canParse(full) ? new URL(full) : undefined;
}
