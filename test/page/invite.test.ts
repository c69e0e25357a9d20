import { expect } from "bun:test";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { secretOf } from "./fixtures.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const SHARES = `{
  globalThis.shared = [];
  globalThis.sharing = "done";
  navigator.share = async ({ title, url }) => {
    globalThis.shared.push([title, url]);
    if (globalThis.sharing === "left") throw new DOMException("the user", "AbortError");
    if (globalThis.sharing === "refused") throw new DOMException("no way", "NotAllowedError");
  };
}`;

const server = new PageServer({ args: ["--public", "chat.example.org:444", "--name", "Room 12"] });

/** Address of the page on this computer, which the server does not print. */
function addressHere(): string {
  return `https://127.0.0.1:${server.served.port}/#invite=${secretOf(server.served)}`;
}

async function createInvite(visit: Visit): Promise<void> {
  await visit.startNew("Invite people");
  await visit.button("Create invite").click();
  await visit.field("Link").waitFor();
}

pageTest(
  "shows the public address and expiry of an invite, and opens the system's share dialog",
  async () => {
    await using ana = await server.browser.visit(addressHere(), {
      width: 1440,
      initScript: SHARES,
    });
    const { page } = ana;
    await ana.logIn("ana");
    await createInvite(ana);
    const uses = ana.field("Number of people");
    await uses.fill("");
    await uses.blur();
    await until("it is one", async () => (await uses.inputValue()) === "1");
    const link = ana.field("Link");
    const address = await link.inputValue();
    expect(address).toMatch(/^https:\/\/chat\.example\.org:444\/#invite=t/);
    const line = await ana.field("Terminal command").inputValue();
    expect(line).toMatch(/^chat join 'chat:\/\/chat\.example\.org:444\?fp=\S+#t\S+'$/);
    await page.getByText(/^Expires /).waitFor();

    // Uses the share sheet, or copies the invite if that fails.
    await ana.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.evaluate("navigator.clipboard.writeText('before')");
    const share = ana.button("Share…");
    await share.click();
    expect(await page.evaluate<unknown>("shared")).toEqual([["Room 12", address]]);
    await page.evaluate("sharing = 'left'");
    await share.click();
    expect(await page.evaluate<string>("navigator.clipboard.readText()")).toBe("before");
    await page.evaluate("sharing = 'refused'");
    await share.click();
    await page.getByText("Copied").first().waitFor({ state: "attached" });
    expect(await page.evaluate<string>("navigator.clipboard.readText()")).toBe(address);

    const warning = page.getByText(/works only on this computer/);
    expect(await warning.count()).toBe(0);
    const here = `127.0.0.1:${server.served.port}`;
    await ana.field("Server address").selectOption({ label: here });
    await warning.waitFor();
    expect(await link.inputValue()).toStartWith(`https://${here}/#invite=t`);
    expect(await ana.accessibilityViolations()).toEqual([]);
  },
);
