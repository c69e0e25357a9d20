import { expect } from "bun:test";
import { Sandbox } from "../e2e/program.ts";
import { calledWeek } from "../e2e/week.ts";
import { until } from "../event.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./fixtures.ts";
import type { Visit } from "./visit.ts";

const browser = sharedBrowser();

/** Calls in messages, the newest first. */
const CALLS = [
  ["room-11", "@ana the last"],
  ["room-7", "@everyone come"],
  ["room-6", "the Harbour is open"],
  ["room-4", "an answer"],
  ["room-2", "@ana new words"],
  ["room-1", "@ana the first"],
] as const;

async function picture({ page }: Visit, name: string): Promise<void> {
  const folder = process.env["WEEK_PICTURES"];
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png` });
}

const section = ({ page }: Visit, name: string) =>
  page.getByRole("region", { name, exact: true }).filter({ visible: true });

async function openActivity(ana: Visit): Promise<void> {
  await ana.page
    .getByRole("button", { name: /^Activity/ })
    .first()
    .click();
}

async function expectCalls(ana: Visit): Promise<void> {
  const rows = section(ana, "For you").locator(".activity-row");
  await rows.nth(CALLS.length - 1).waitFor();
  const texts = await rows.allInnerTexts();
  expect(texts).toHaveLength(CALLS.length);
  for (const [i, [room, text]] of CALLS.entries()) {
    expect(texts[i]).toContain(room);
    expect(texts[i]).toContain(text);
  }
  expect(await section(ana, "Your turn").locator(".activity-row").allInnerTexts()).toEqual([
    expect.stringContaining("room-8"),
  ]);
}

pageTest(
  "a week away: lists nine calls, and reads each when it was on the screen",
  async () => {
    await using sandbox = new Sandbox();
    const { again, ana: home } = await calledWeek(sandbox);
    const count = async () => (await home.run(["inbox", "--count"])).out;
    const before = await count();
    expect(before).toStartWith("9@ ");
    for (const width of [1440, 390]) {
      const size = { width, height: width === 390 ? 844 : 900 };
      await using ana = await browser.visit(pageAddress(again), {
        ...size,
        isPhone: width === 390,
      });
      const { page } = ana;
      await ana.submitLogin("ana", { password: "password-ana" });
      await page.locator(".room-line").first().waitFor();
      if (width === 390) {
        await expectCalls(ana);
        await picture(ana, `home-${width}`);
      }
      await openActivity(ana);
      await expectCalls(ana);
      expect(await section(ana, "New").locator(".activity-row").allInnerTexts()).toEqual([
        expect.stringContaining("a reply"),
      ]);
      await page
        .locator(":visible", { hasText: /^ben invited you to #secret.$/ })
        .first()
        .waitFor();
      await picture(ana, `activity-${width}`);
      await page
        .getByRole("button", { name: /^Activity\b.*\b9 unread/s })
        .first()
        .waitFor();
      expect(await count()).toStartWith("9@ ");
      if (width !== 390) continue;

      // Rooms that are only passed.
      await page.getByRole("button", { name: /^Chats/ }).click();
      for (const room of ["room-9", "room-2", "room-10"]) {
        await ana.room(room).click();
        await ana.heading(`#${room}`).waitFor();
        await page.goBack();
      }
      await openActivity(ana);
      expect(await count()).toStartWith("9@ ");
      let left = 9;
      for (const [room, text] of CALLS) {
        const row = section(ana, "For you").locator(".activity-row", { hasText: text });
        await row.click();
        await ana.heading(`#${room}`).waitFor();
        await page.locator(".message.is-shown", { hasText: text }).waitFor();
        if (room === "room-4") await picture(ana, "call");
        left -= 1;
        await until(`${left} calls`, async () => (await count()).startsWith(`${left}@ `));
        await page.goBack();
        await openActivity(ana);
      }
      const replies = section(ana, "New").locator(".activity-row", { hasText: "a reply" });
      await replies.click();
      await page.locator(".thread .message", { hasText: "a reply" }).waitFor();
      await until("the reply is read", async () => (await count()).startsWith("2@ "));
      await page.goBack();
      await page.goBack();
      await openActivity(ana);
      await section(ana, "Your turn").locator(".activity-row").click();
      await ana.heading("#room-8").waitFor();
      await page.locator(".board").getByRole("button", { name: "I am coming" }).click();
      await page.getByRole("button", { name: "Your turn" }).click();
      await page.goBack();
      await openActivity(ana);
      await page
        .locator("button:visible", { hasText: /^Join$/ })
        .first()
        .click();
      await ana.heading("#secret").waitFor();
      await until("nothing calls", async () => (await count()).startsWith("0@ "));
    }
  },
  300_000,
);
