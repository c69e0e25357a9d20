/** Launcher for the desktop browser. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { openerOf } from "../chat/open-file.ts";
import type { Context } from "../context.ts";

const REDIRECT_FILE_MS = 60_000;

/**
 * Opens the address through a private file that redirects, because the address contains secrets and
 * other users can read the process list.
 * @returns function that removes the file
 */
export function openBrowser({ env, clock }: Context, url: string): () => void {
  const isDesktop =
    process.platform !== "linux" || env["DISPLAY"] !== undefined || env["WAYLAND_DISPLAY"];
  const opener = openerOf(env);
  if (!isDesktop || opener === undefined) return () => undefined;
  const folder = mkdtempSync(join(tmpdir(), "chat-web-"));
  const file = join(folder, "open.html");
  writeFileSync(file, redirectPage(url), { mode: 0o600 });
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const cancel = clock.after(REDIRECT_FILE_MS, remove);
  Bun.spawn([...opener, pathToFileURL(file).href], {
    stdio: ["ignore", "ignore", "ignore"],
  }).unref();
  return () => {
    cancel();
    remove();
  };
}

function redirectPage(url: string): string {
  const safe = Bun.escapeHTML(url);
  return `<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url=${safe}">
<title>chat</title>
<a href="${safe}">chat</a>
`;
}
