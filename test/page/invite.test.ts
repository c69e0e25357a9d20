import { expect } from "bun:test";
import { until } from "../e2e/deadline.ts";
import { Sandbox, type Served } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { secretOf } from "./scenery.ts";
import type { Visit } from "./visit.ts";

/** Where invites lead that the page makes. */

const browser = sharedBrowser();

/** What `serve` prints leads to where this test has nobody. */
function pageAddressHere(served: Served): string {
  return `https://127.0.0.1:${served.port}/#invite=${secretOf(served)}`;
}

async function makes(visit: Visit): Promise<void> {
  await visit.button("Invite somebody").click();
  await visit.button("Make an invite").click();
  await visit.field("Address for a browser").waitFor();
}

pageTest("an invite leads to where others reach the server, and says until when", async () => {
  await using sandbox = new Sandbox();
  const args = ["--public", "chat.example.org:444"];
  const served = await sandbox.serve({ args });
  const address = pageAddressHere(served);
  for (const [name, view] of [
    ["light", { width: 1440 }],
    ["dark", { width: 820, isDark: true }],
  ] as const) {
    await using ana = await browser.visit(address, view);
    await ana.enter(`ana-${name}`);
    await makes(ana);
    const uses = ana.field("For how many people");
    await uses.fill("");
    await uses.blur();
    await until("it is one", async () => (await uses.inputValue()) === "1");
    await ana.keepPicture(`invite-${name}`);
    const link = ana.field("Address for a browser");
    expect(await link.inputValue()).toMatch(/^https:\/\/chat\.example\.org:444\/#invite=t/);
    const line = await ana.field("For a terminal").inputValue();
    expect(line).toMatch(/^chat join 'chat:\/\/chat\.example\.org:444\?fp=\S+#t\S+'$/);
    await ana.page.getByText(/^Good until /).waitFor();
    const warning = ana.page.getByText(/leads to the machine itself/);
    expect(await warning.count()).toBe(0);
    // The address bar's own is still there, and is said to be of no use elsewhere.
    await ana.field("Address of the server").selectOption({ label: `127.0.0.1:${served.port}` });
    await warning.waitFor();
    expect(await link.inputValue()).toStartWith(`https://127.0.0.1:${served.port}/#invite=t`);
    expect(await ana.barriers()).toEqual([]);
    await ana.keepPicture(`invite-loopback-${name}`);
  }
});

pageTest("behind chat web it leads to the server, not to this user's own program", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--public", "chat.example.org:444"] });
  const invite = served.invite.replace("chat.example.org:444", `127.0.0.1:${served.port}`);
  const passing = sandbox.home("ana").start(["web", invite, "--json"]);
  await using ana = await browser.visit(String((await passing.json("web"))["url"]));
  await ana.enter("ana");
  await makes(ana);
  const link = ana.field("Address for a browser");
  expect(await link.inputValue()).toStartWith("https://chat.example.org:444/#invite=t");
  const hosts = () => ana.field("Address of the server").locator("option").allTextContents();
  await until("the machine's own program is no choice", async () =>
    (await hosts()).every((host) => !host.startsWith("http:")),
  );
});

pageTest("on a phone, in Indonesian, all of it is in reach", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--public", "chat.example.org"] });
  const phone = { width: 390, height: 844, isPhone: true, language: "id-ID", isDark: true };
  await using ana = await browser.visit(pageAddressHere(served), phone);
  await ana.page.getByLabel("Nama", { exact: true }).fill("ana");
  await ana.page.keyboard.press("Enter");
  await ana.page.locator(".composer textarea").waitFor();
  await ana.page.locator(".room-head button").first().tap();
  await ana.page.getByRole("button", { name: /^Undang/ }).tap();
  await ana.page.getByRole("button", { name: "Buat undangan" }).tap();
  await ana.page.getByText(/^Berlaku sampai /).waitFor();
  const root = "document.documentElement";
  expect(await ana.page.evaluate<number>(`${root}.scrollWidth - ${root}.clientWidth`)).toBe(0);
  await ana.keepPicture("invite-phone");
});
