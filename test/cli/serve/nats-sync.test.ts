import { afterAll, beforeAll, expect, test } from "bun:test";
import { checkNatsSync } from "../../../src/cli/serve/nats-sync.ts";
import { FakeOutput } from "../../commands/fake-world.ts";
import { reservedPort } from "../../ports.ts";
import { rejection } from "../../rejection.ts";

const server = { url: "", gone: "" };
let stop = () => {};

const CONFIG = { max_memory: 1, max_storage: 2, store_dir: "/js", sync_interval: 120_000_000_000 };
const varz = (config: object | undefined) => ({
  server_name: "n1",
  version: "2.12.1",
  jetstream: config === undefined ? {} : { config, stats: {} },
});
const PAGES: Readonly<Record<string, () => Response>> = {
  "/always/varz": () => Response.json(varz({ ...CONFIG, sync_always: true })),
  "/never/varz": () => Response.json(varz(CONFIG)),
  "/without/varz": () => Response.json(varz(undefined)),
  "/text/varz": () => new Response("hello"),
  "/null/varz": () => new Response("null"),
  "/long/varz": () => new Response(`"${"x".repeat(2 << 20)}"`),
  "/away/varz": () => Response.redirect("/always/varz"),
};

beforeAll(async () => {
  const listening = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) =>
      PAGES[new URL(request.url).pathname]?.() ?? new Response("", { status: 404 }),
  });
  server.url = `http://127.0.0.1:${listening.port}`;
  server.gone = `http://127.0.0.1:${await reservedPort()}`;
  stop = () => void listening.stop(true);
});

afterAll(() => stop());

async function check(pages: readonly string[], isUnsafe = false): Promise<string> {
  const stderr = new FakeOutput(false);
  const monitors = pages.map((page) => (page === "gone" ? server.gone : `${server.url}/${page}`));
  await checkNatsSync({ stderr }, { monitors, isUnsafe });
  return stderr.text.replaceAll(server.gone, "GONE");
}

test("accepts a NATS server that syncs, and rejects one that does not", async () => {
  expect(await check(["always", "always/"])).toBe("");
  expect(await rejection(check(["always", "never"]))).toMatchObject({
    code: "version-unsupported",
    message: "the NATS server n1 (2.12.1) has no sync_interval: always",
  });
  expect(await check(["never"], true)).toBe("");
});

test("warns if the setting cannot be read", async () => {
  expect(await check([])).toContain("cannot check whether");
  expect(await check([], true)).toBe("");
  expect(await check(["always", "gone"])).toBe(
    "chat: NATS monitoring does not answer at GONE; cannot check its sync_interval\n",
  );
  for (const page of ["gone", "without", "text", "null", "long", "away", "none"]) {
    expect(await rejection(check([page]))).toMatchObject({ code: "unreachable" });
  }
});
