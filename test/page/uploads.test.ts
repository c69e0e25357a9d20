import { expect } from "bun:test";
import { MIB, sha256Of } from "../e2e/couriers.ts";
import { Sandbox, type Served } from "../e2e/program.ts";
import { Relay } from "../e2e/relay.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { largeFile, secretOf } from "./scenery.ts";

/** Large files out of a window that is loaded anew in the middle. */

const browser = sharedBrowser();

/** `npm run soak` makes it as large as a film. */
const BYTES = Number(process.env["CHAT_PAGE_BYTES"] ?? 64 * MIB) + 12_345;
const TIMEOUT_MS = 120_000 + BYTES / 2_000;

async function arrived(sandbox: Sandbox, served: Served, name: string): Promise<string> {
  const env = { CHAT_INVITE: served.invite, CHAT_USER: "tom", CHAT_PASSWORD: "xxxxxxxx" };
  const tom = sandbox.home("tom").with(env);
  await tom.json(["register"]);
  const [told] = (await tom.json(["files"])).filter((file) => file["name"] === name);
  const lines = await tom.json(["get-file", String(told?.["id"]), "--out", sandbox.path("inbox")]);
  const got = lines.find(({ kind }) => kind === "got");
  return sha256Of(String(got?.["path"]));
}

pageTest(
  `${BYTES} bytes, the window loaded anew in the middle, the file chosen again`,
  async () => {
    await using sandbox = new Sandbox();
    const served = await sandbox.serve();
    await using relay = await Relay.open(served.port);
    await using ana = await browser.visit(`https://${relay.address}/#invite=${secretOf(served)}`);
    await ana.enter("ana");
    const path = largeFile(sandbox.path("film.bin"), BYTES);
    const half = relay.stallAfter("up", Math.floor(BYTES / 2));
    await ana.attach(path);
    await ana.transfer("film.bin").getByRole("progressbar").waitFor();
    await half;
    const loaded = ana.page.reload();
    relay.release();
    await loaded;
    relay.passed.up = 0;
    const line = ana.transfer("film.bin");
    await line.getByText("Choose the file again to go on").waitFor();
    // Another file of that name is not taken for it.
    const wrong = ana.page.waitForEvent("filechooser");
    await line.getByRole("button", { name: "Resume" }).click();
    await (await wrong).setFiles(sandbox.write("other.bin", "not the same"));
    await ana.page
      .locator(".toast, .transfer")
      .getByText(/not the|changed|another|same/i)
      .waitFor();
    const again = ana.page.waitForEvent("filechooser");
    await line.getByRole("button", { name: "Resume" }).click();
    await (await again).setFiles(path);
    await ana.file("film.bin").waitFor({ timeout: TIMEOUT_MS });
    // What the server had was not sent once more.
    expect(relay.passed.up).toBeLessThan(BYTES * 0.75);
    expect(await arrived(sandbox, served, "film.bin")).toBe(await sha256Of(path));
  },
  TIMEOUT_MS,
);

pageTest("paused and gone on with, cut and gone on with by itself, given up", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using relay = await Relay.open(served.port);
  await using ana = await browser.visit(`https://${relay.address}/#invite=${secretOf(served)}`);
  await ana.enter("ana");
  const path = largeFile(sandbox.path("film.bin"), BYTES);
  const begun = relay.stallAfter("up", 8 * MIB);
  await ana.attach(path);
  await begun;
  const line = ana.transfer("film.bin");
  await line.getByRole("button", { name: "Pause" }).click();
  await line.getByText("paused").waitFor();
  relay.release();
  await line.getByRole("button", { name: "Resume" }).click();
  await relay.stallAfter("up", 8 * MIB);
  relay.drop();
  await ana.file("film.bin").waitFor({ timeout: 60_000 });
  expect(await arrived(sandbox, served, "film.bin")).toBe(await sha256Of(path));

  const other = relay.stallAfter("up", 4 * MIB);
  await ana.attach(largeFile(sandbox.path("unwanted.bin"), BYTES));
  await other;
  const unwanted = ana.transfer("unwanted.bin");
  await unwanted.getByRole("button", { name: "Cancel" }).click();
  await unwanted.waitFor({ state: "detached" });
  relay.release();
  await ana.says("it is not wanted");
  await ana.sees("it is not wanted");
  expect(await ana.file("unwanted.bin").count()).toBe(0);
});
