import { basename } from "node:path";
import type { BrowserContext } from "playwright-core";
import { PAGE_SOURCE } from "../../src/cli/source-tree.ts";

const ENTRY = /<script[^>]* src="([^"]+)"/;

/**
 * Gives that browser the scripts of the page as they are built for development: React then tells of
 * siblings that it cannot tell apart, whether or not they do harm then. All else comes from
 * the server, since Chromium trusts a page that comes from elsewhere less.
 */
export function developmentPage(url: string): (context: BrowserContext) => Promise<void> {
  return async (context) => {
    const html = await (await fetch(url, { tls: { rejectUnauthorized: false } })).text();
    const naming = "[name]-[hash].[ext]";
    const built = await Bun.build({
      entrypoints: [PAGE_SOURCE],
      target: "browser",
      splitting: true,
      publicPath: "/assets/",
      naming: { entry: naming, chunk: naming, asset: naming },
      define: { "process.env.NODE_ENV": '"development"' },
    });
    const textOf = async (path: string) =>
      built.outputs.find((output) => basename(output.path) === basename(path))?.text();
    const page = built.outputs.find(({ path }) => path.endsWith(".html"));
    const entry = ENTRY.exec((await page?.text()) ?? "")?.[1] ?? "";
    const scripts = built.outputs.map(({ path }) => basename(path)).filter((it) => /js$/.test(it));
    const given = new Map(scripts.map((name) => [`/assets/${name}`, name]));
    given.set(ENTRY.exec(html)?.[1] ?? "", entry);
    await context.route(
      ({ pathname }) => given.has(pathname),
      async (route) => {
        const name = given.get(new URL(route.request().url()).pathname) ?? "";
        await route.fulfill({ body: (await textOf(name)) ?? "", contentType: "text/javascript" });
      },
    );
  };
}
