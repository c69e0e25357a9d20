import { basename } from "node:path";
import type { BunPlugin } from "bun";
import type { BrowserContext } from "playwright-core";
import { PAGE_PLUGINS } from "../../src/cli/page-plugins.ts";
import { PAGE_SOURCE } from "../../src/cli/source-tree.ts";

const ENTRY = /<script[^>]* src="([^"]+)"/;

/** What looks over the library's shoulder begins before the page does. */
const WITH_DEBUG: BunPlugin = {
  name: "with-debug",
  setup: (build) => {
    build.onLoad({ filter: /[/\\]web[/\\]page\.tsx$/ }, async ({ path }) => ({
      contents: `import "preact/debug";\n${await Bun.file(path).text()}`,
      loader: "tsx",
    }));
  },
};

/**
 * Gives that browser the scripts of the page as they are built for development: Preact then tells
 * of siblings that it cannot tell apart, whether or not they do harm then. All else comes from the
 * server, since Chromium trusts a page that comes from elsewhere less.
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
      plugins: [WITH_DEBUG, ...PAGE_PLUGINS],
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
