import { expect } from "bun:test";
import { join } from "node:path";
import { PAGE_PLUGINS } from "../../src/cli/page-plugins.ts";
import { pageTest, sharedBrowser } from "./browser.ts";

const browser = sharedBrowser();

/** What the page's bundler makes of a sealed room of two, as a module that tells how it went. */
async function bundled(): Promise<string> {
  const folder = join(import.meta.dir, "..", "crypto", "seal");
  const entry = join(folder, "browser-entry.ts");
  const text =
    'import { sealedRoom } from "./room-program.ts"; globalThis.sealedRoom = sealedRoom;';
  const built = await Bun.build({
    entrypoints: [entry],
    files: { [entry]: text },
    target: "browser",
    minify: true,
    plugins: [...PAGE_PLUGINS],
  });
  return (await built.outputs[0]?.text()) ?? "";
}

pageTest("a browser seals and opens, with keys that cannot be read", async () => {
  const script = await bundled();
  const page = '<script type="module" src="/room.js"></script>';
  const typed = (type: string) => ({ headers: { "content-type": type } });
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    routes: {
      "/": () => new Response(page, typed("text/html")),
      "/room.js": () => new Response(script, typed("text/javascript")),
    },
  });
  try {
    await using visit = await browser.visit(`http://127.0.0.1:${server.port}/`);
    await visit.page.waitForFunction("globalThis.sealedRoom !== undefined");
    const done = (await visit.page.evaluate("globalThis.sealedRoom()")) as { text: string };
    expect(done.text).toBe("ana: text 50");
  } finally {
    await server.stop(true);
  }
});
