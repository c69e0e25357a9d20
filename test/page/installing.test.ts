import { expect } from "bun:test";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";

/** The page as a program of its own, and what it hands to the system. */

const browser = sharedBrowser();

pageTest("a browser finds all that it needs to install it", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--name", "Room 12"] });
  await using ana = await browser.visit(pageAddress(served));
  const devtools = await ana.context.newCDPSession(ana.page);
  const { errors: wrong, data = "{}" } = await devtools.send("Page.getAppManifest");
  expect(wrong).toEqual([]);
  expect(JSON.parse(data)).toMatchObject({ name: "Room 12", start_url: "/", id: "/" });
  const found = await devtools.send("Page.getInstallabilityErrors");
  const ids = found.installabilityErrors.map(({ errorId }) => errorId);
  // A window that keeps nothing is no place to install from; it is all that there is to find.
  expect(ids.filter((id) => id !== "in-incognito")).toEqual([]);
});

const SHARES = `{
  globalThis.shared = [];
  globalThis.sharing = "done";
  navigator.share = async ({ title, url }) => {
    globalThis.shared.push([title, url]);
    if (globalThis.sharing === "left") throw new DOMException("the user", "AbortError");
    if (globalThis.sharing === "refused") throw new DOMException("no way", "NotAllowedError");
  };
}`;

pageTest("an invite is shared by the system, or copied where that refuses", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--name", "Room 12"] });
  await using ana = await browser.visit(pageAddress(served), { before: SHARES });
  const { page } = ana;
  await ana.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await ana.enter("ana");
  await ana.button("Invite somebody").click();
  await ana.button("Make an invite").click();
  const address = await ana.field("Address for a browser").inputValue();
  await page.evaluate("navigator.clipboard.writeText('before')");
  const share = ana.button("Share…");
  await share.click();
  expect(await page.evaluate<unknown>("shared")).toEqual([["Room 12", address]]);
  await page.evaluate("sharing = 'left'");
  await share.click();
  expect(await page.evaluate<string>("navigator.clipboard.readText()")).toBe("before");
  expect(await ana.barriers()).toEqual([]);
  await page.evaluate("sharing = 'refused'");
  await share.click();
  await ana.page.getByText("Copied").first().waitFor({ state: "attached" });
  expect(await page.evaluate<string>("navigator.clipboard.readText()")).toBe(address);
});
