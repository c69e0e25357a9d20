import { PORT_DEFAULT } from "../wire/invite.ts";

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
}

export function httpHandler(options: HttpOptions): (request: Request) => Response {
  return (request) => {
    const { pathname, hostname } = new URL(request.url);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return plain(405, "Only GET is answered here.\n", { allow: "GET, HEAD" });
    }
    if (pathname === "/healthz") return plain(200, "ok\n");
    if (pathname !== "/") return plain(404, "There is nothing here.\n");
    const port = options.port();
    const place = port === PORT_DEFAULT ? hostname : `${hostname}:${port}`;
    return new Response(page(options, place), {
      headers: { ...HEADERS, "content-type": "text/html; charset=utf-8" },
    });
  };
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
