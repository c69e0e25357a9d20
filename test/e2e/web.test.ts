import { expect, test } from "bun:test";
import { createHash, X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { openZip } from "../../src/cli/zip.ts";
import { parseServerSpec } from "../../src/wire/invite.ts";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import { rejection } from "../rejection.ts";
import { CHAT } from "./binary.ts";
import { noise } from "./couriers.ts";
import type { Json, Sandbox, Served } from "./program.ts";
import { SharedServer, sandboxTest } from "./shared-server.ts";
import { Tab } from "./tab.ts";
import { TlsProxy } from "./tls-proxy.ts";
import { Screen } from "./tmux.ts";

const server = new SharedServer();

type Headers = Readonly<Record<string, string>>;

function secretOf({ invite }: Served): string {
  return parseServerSpec(invite).secret ?? "";
}

function caOf({ data }: Served): string {
  return readFileSync(join(data, "tls.crt"), "utf8");
}

function getting(base: string, ca?: string) {
  return (path: string, headers: Headers = {}, method = "GET") =>
    fetch(new URL(path, base), { method, headers, ...(ca === undefined ? {} : { tls: { ca } }) });
}

function buildIn(html: string): string {
  return /data-build="([0-9a-f]{12})"/.exec(html)?.[1] ?? "";
}

async function sendFile(sandbox: Sandbox, name: string, user: string, to = "lobby"): Promise<Json> {
  const home = sandbox.home(user).with({ CHAT_USER: user });
  if (to !== "lobby") await home.run(["join", "--room", to]);
  const lines = await home.json(["send-file", sandbox.path(name), "--to", to]);
  const sentFile = lines.find(({ kind }) => kind === "file");
  if (sentFile === undefined) throw new Error("no file was sent");
  return sentFile;
}

test("serves the page and all its assets from the binary", async () => {
  const { served } = server;
  const web = String(served.listening["web"]);
  const get = getting(web, caOf(served));
  const page = await get("/");
  const html = await page.text();
  expect(page.headers.get("content-security-policy")).toContain("script-src 'self'");
  expect(page.headers.get("set-cookie")).toBeNull();
  const paths = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = ""]) => path);
  // A generic name of the certificate reveals nothing about the server.
  const assets = paths.filter((path) => path !== "/manifest.webmanifest");
  expect(assets.length).toBe(paths.length - 1);
  expect((await get("/manifest.webmanifest")).status).toBe(200);
  expect(assets.length).toBeGreaterThan(1);
  for (const path of assets) {
    expect(path).toStartWith("/assets/");
    const asset = await get(path, { "accept-encoding": "br" });
    expect(asset.status).toBe(200);
    expect(asset.headers.get("cache-control")).toContain("immutable");
    const etag = asset.headers.get("etag") ?? "";
    const again = await get(path, { "accept-encoding": "br", "if-none-match": etag });
    expect(again.status).toBe(304);
  }
  expect((await get("/", {}, "PUT")).status).toBe(405);
  expect((await get("/data/identity.key")).status).toBe(404);
  expect(await (await get("/healthz")).text()).toBe("ok\n");
  const tab = new Tab(web, { ca: caOf(served) });
  expect((await tab.notice("welcome")).build).toBe(buildIn(html));
  tab.close();
});

test("refuses pages of another origin", async () => {
  const { served } = server;
  const web = String(served.listening["web"]);
  const upgrade = { upgrade: "websocket", connection: "Upgrade", "sec-websocket-version": "13" };
  const headers = { ...upgrade, "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==" };
  for (const origin of ["https://evil.example", "null", `${web.slice(0, -1)}.evil.example`]) {
    const response = await getting(web, caOf(served))("/ws", { ...headers, origin });
    expect([origin, response.status]).toEqual([origin, 403]);
  }
  const tab = await Tab.open(web, "ben", secretOf(served), { ca: caOf(served) });
  expect(await tab.isProven()).toBe(true);
  tab.close();
});

test("serves a file by its address, complete or in ranges, until its session ends", async () => {
  await using sandbox = server.guests();
  const { served } = server;
  const web = String(served.listening["web"]);
  const get = getting(web, caOf(served));
  const bytes = noise(3_000_000);
  writeFileSync(sandbox.path("naïve <b>.html"), bytes);
  const { id, digest } = await sendFile(sandbox, "naïve <b>.html", "ana");
  const tab = await Tab.open(web, "cid", secretOf(served), { ca: caOf(served) });
  const { path } = await tab.ask("download", { file: String(id) });
  const whole = await get(path);
  expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
  expect(whole.headers.get("content-type")).toBe("application/octet-stream");
  expect(whole.headers.get("content-disposition")).toBe(
    `attachment; filename="na_ve _b_.html"; filename*=UTF-8''na%C3%AFve%20_b_.html`,
  );
  expect(whole.headers.get("etag")).toBe(`"${digest}"`);
  const resumed = { range: "bytes=1500000-", "if-range": `"${digest}"` };
  const rest = await get(path, resumed);
  expect(rest.status).toBe(206);
  expect(rest.headers.get("content-range")).toBe("bytes 1500000-2999999/3000000");
  expect(Buffer.from(await rest.arrayBuffer()).equals(bytes.subarray(1_500_000))).toBe(true);
  expect((await get(`${path}A`)).status).toBe(404);
  tab.close();
  await tab.closed.promise;
  let status = 200;
  while (status === 200) ({ status } = await get(path, {}, "HEAD"));
  expect(status).toBe(404);
});

sandboxTest("serves the page behind a TLS proxy, with the proxy's certificate", async (sandbox) => {
  const donor = await sandbox.serve({ data: "donor" });
  const cert = caOf(donor);
  using proxy = await TlsProxy.open(cert, readFileSync(join(donor.data, "tls.key"), "utf8"));
  const crt = sandbox.write("proxy.crt", cert);
  const served = await sandbox.serve({ args: ["--no-tls", "--proxy-cert", crt] });
  proxy.to = served.port;
  const web = `https://127.0.0.1:${proxy.port}/`;
  const get = getting(web, cert);
  const page = await get("/");
  expect(buildIn(await page.text())).toHaveLength(12);
  expect(page.headers.get("content-security-policy")).toContain(`wss://127.0.0.1:${proxy.port}`);
  const tab = await Tab.open(web, "ben", secretOf(served), { ca: cert });
  expect(await tab.isProven()).toBe(true);
  const hash = createHash("sha256").update(new X509Certificate(cert).raw).digest("hex");
  expect((await tab.notice("welcome")).certificate.toHex()).toBe(hash);
  writeFileSync(sandbox.path("some.txt"), "through the proxy");
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana", CHAT_ROOM_PASSWORD: secretOf(served) });
  const at = ["--server", `127.0.0.1:${proxy.port}`];
  const [sentFile] = (await ana.json(["send-file", sandbox.path("some.txt"), ...at])).slice(-1);
  const { path } = await tab.ask("download", { file: String(sentFile?.["id"]) });
  expect(await (await get(path)).text()).toBe("through the proxy");
  tab.close();
});

test("chat web serves the page on this machine to the holder of its token", async () => {
  await using sandbox = server.guests();
  const { served } = server;
  mkdirSync(sandbox.path("photos"));
  writeFileSync(sandbox.path("photos", "a.txt"), "hello\n");
  const bytes = noise(2_500_000);
  writeFileSync(sandbox.path("film.bin"), bytes);
  utimesSync(sandbox.path("film.bin"), 1_600_000_000, 1_600_000_000);
  const film = await sendFile(sandbox, "film.bin", "cleo");
  const photos = await sendFile(sandbox, "photos", "cleo");
  const program = sandbox.home("eva").start(["web", served.invite, "--json"]);
  const { url, fingerprint } = await program.json("web");
  const page = new URL(String(url));
  const [token = "", invite] = page.hash.slice(1).split("&");
  expect(fingerprint).toBe(served.fingerprint);
  expect(page.hostname).toBe("127.0.0.1");
  expect(decodeURIComponent(invite ?? "")).toBe(`invite=${secretOf(served)}`);
  const get = getting(page.href);
  expect(await (await get("/")).text()).toContain('data-build="" data-local="true"');
  for (const host of ["localhost", "127.0.0.1", "evil.example", `evil.example:${page.port}`]) {
    expect([host, (await get("/", { host })).status]).toEqual([host, 421]);
  }
  const evil = new Tab(page.href, { token, origin: "http://evil.example" });
  expect(await evil.closed.promise).not.toBe(1000);
  expect(evil.notices.map(({ kind }) => kind)).toEqual(["bye"]);
  for (const wrong of [undefined, "", "A".repeat(43), token.slice(1), `${token}x`]) {
    const query = wrong === undefined ? "" : `?token=${wrong}`;
    const upgrade = { connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
    const headers = { ...upgrade, "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==" };
    expect([wrong, (await get(`/ws${query}`, headers)).status]).toEqual([wrong, 403]);
    expect([wrong, (await get(`/link${query}`, {}, "POST")).status]).toEqual([wrong, 403]);
  }
  const tab = await Tab.open(page.href, "eva", secretOf(served), { token });
  expect(await tab.isProven()).toBe(true);
  const { path } = await tab.ask("download", { file: String(film["id"]) });
  const whole = await get(path);
  expect(whole.headers.get("last-modified")).toBe("Sun, 13 Sep 2020 12:26:40 GMT");
  expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
  const rest = await get(path, { range: "bytes=2000000-", "if-range": `"${film["digest"]}"` });
  expect(rest.status).toBe(206);
  expect(Buffer.from(await rest.arrayBuffer()).equals(bytes.subarray(2_000_000))).toBe(true);
  const folder = await tab.ask("download", { file: String(photos["id"]) });
  const zip = Buffer.from(await (await get(folder.path)).arrayBuffer());
  expect(zip.includes("photos/a.txt")).toBe(true);
  expect(zip.includes("hello\n")).toBe(true);
  await tab.ask("join", { room: "essay", create: true });
  await tab.ask("rules", { room: "essay", post: "private" });
  await sendFile(sandbox, "film.bin", "cleo", "essay");
  await sendFile(sandbox, "photos", "cleo", "essay");
  await sendFile(sandbox, "photos", "dan", "essay");
  const work = await tab.ask("collect", { room: "essay" });
  const collected = await get(work.path);
  expect(collected.headers.get("content-disposition")).toContain('filename="essay.zip"');
  const { entries, read } = openZip(new Uint8Array(await collected.arrayBuffer()));
  const [a, video] = ["essay/cleo/photos/a.txt", "essay/cleo/film.bin"];
  expect([...entries.keys()].sort()).toEqual(["essay/", video, a, "essay/dan/photos/a.txt"]);
  expect(Buffer.from(read(a)).toString()).toBe("hello\n");
  expect(Buffer.from(read(video)).equals(bytes)).toBe(true);
  const again = await (await get(work.path, { range: "bytes=2000000-" })).arrayBuffer();
  expect(openZip(new Uint8Array(again)).entries.size).toBe(4);
  expect((await get("/files/AAAAAAAAAAAAAAAAAAAAAA")).status).toBe(404);
  expect((await get("/rooms/lobby", {}, "POST")).status).toBe(405);
  tab.close();
  const ran = await program.signal("SIGINT");
  expect(ran.exitCode).toBe(0);
  expect(await rejection(get("/"))).toBeInstanceOf(Error);
});

requires("tmux").test(
  "chat web opens the browser without a secret in the arguments of any process",
  async () => {
    await using sandbox = server.guests();
    const { served } = server;
    const bin = sandbox.path("bin");
    mkdirSync(bin);
    const noted = sandbox.path("opened");
    const opener = `#!/bin/sh\nprintf '%s' "$1" >'${noted}.new'\nmv '${noted}.new' '${noted}'\n`;
    writeFileSync(join(bin, "xdg-open"), opener, { mode: 0o755 });
    const env = { DISPLAY: ":0", CHAT_INVITE: served.invite, CHAT_HOME: sandbox.path("home") };
    await using screen = await Screen.open(sandbox, "web", env);
    screen.line(`PATH='${bin}':"$PATH" '${CHAT}' web`);
    const rows = await screen.until("the whole address of the page", (all) =>
      /http:\/\/127\.0\.0\.1:\d+\/#[^&]+&invite=/.test(all.join("")),
    );
    const opened = await until("the browser is opened", () => existsSync(noted) || undefined);
    expect(opened).toBe(true);
    const address = readFileSync(noted, "utf8");
    const path = fileURLToPath(address);
    const [, token = ""] = /#([^&]+)/.exec(rows.join("")) ?? [];
    expect(token.length).toBeGreaterThan(20);
    for (const secret of [token, secretOf(served)]) expect(address).not.toContain(secret);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    const html = readFileSync(path, "utf8");
    expect(html).toContain(`content="0;url=http://127.0.0.1:`);
    expect(html).toContain(`#${token}&amp;invite=`);
    screen.press("C-c");
    await until("it is gone with the program", () => !existsSync(dirname(path)));
  },
);

sandboxTest("chat web reports an unreachable or different server to the page", async (sandbox) => {
  const served = await sandbox.serve();
  const program = sandbox.home("ben").start(["web", served.invite, "--json"]);
  const { url } = await program.json("web");
  const page = String(url);
  const token = new URL(page).hash.slice(1).split("&")[0] ?? "";
  const tab = await Tab.open(page, "ben", secretOf(served), { token });
  await served.program.signal("SIGTERM");
  expect(await tab.notice("bye")).toMatchObject({ code: "shutting-down" });
  const early = new Tab(page, { token });
  expect(await early.notice("bye")).toMatchObject({ code: "unreachable" });
  await sandbox.serve({ data: "other", port: served.port });
  const wrong = new Tab(page, { token });
  expect(await wrong.notice("bye")).toMatchObject({ code: "fingerprint-changed" });
  expect(wrong.notices.some(({ kind }) => kind === "welcome")).toBe(false);
});
