/** Page that the service worker serves while the server can't be reached. */

const RETRY_MS = 3_000;
/** Without it, the browsers of a class would all ask in the same moment. */
const RETRY_SPREAD_MS = 2_000;

/** Runs in the page, and opens it again once the server answers. */
const RETRY = `
const wait = () => setTimeout(ask, ${RETRY_MS} + Math.random() * ${RETRY_SPREAD_MS});
const ask = () => fetch("/", { method: "HEAD", cache: "no-store" }).then(opened, wait);
const opened = ({ ok }) => (ok ? location.reload() : wait());
addEventListener("online", ask);
wait();`;

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { display: grid; min-height: 100vh; margin: 0; place-items: center; }
h1 { margin: 1rem; font-size: 1rem; }`;

const POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline'",
  "style-src 'unsafe-inline'",
  "connect-src 'self'",
].join("; ");

/** @param text without characters that HTML interprets */
export function unreachablePage(lang: string, text: string): Response {
  const html = `<!doctype html><html lang="${lang}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>chat</title><style>${STYLE}</style></head>
<body><h1>${text}</h1><script>${RETRY}</script></body></html>`;
  const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": POLICY };
  return new Response(html, { status: 503, headers });
}
