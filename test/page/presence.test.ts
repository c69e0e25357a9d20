import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";

const server = new PageServer();

pageTest("messages under a dialog stay unread, and the line of new messages is there", async () => {
  await using ana = await server.logIn("ana", { width: 390, height: 844, isPhone: true });
  const ben = await server.headlessUser("ben");
  await ana.send("hello");
  await ana.waitUntilSent();
  await ana
    .button(/^Open the list of rooms/)
    .first()
    .click();
  await (await ana.openSettings()).waitFor();
  await ben.post("@ana leave the building now");
  for (let i = 0; i < 40; i++) await ben.post(`line ${i}`);
  await until("the mention counts", async () => (await ana.page.title()).startsWith("(1)"));
  await ana.waitForMessage("@ana leave");
  await ana.page.keyboard.press("Escape");
  await ana.button("Chats").click();
  await ana.leaveHome();
  const top = "document.querySelector('.new-line').getBoundingClientRect().top";
  await until("the line is visible", async () => {
    const px = await ana.page.evaluate<number>(top).catch(() => -1);
    return px > 0 && px < 844;
  });
  await until("the mention was seen", async () => !(await ana.page.title()).startsWith("("));
});

const NEAR_MIDNIGHT = `(() => {
  const RealDate = Date;
  const day = new RealDate();
  const midnight = new RealDate(day).setHours(24, 0, 0, 0);
  const shift = midnight - day.getTime() - 3_000;
  window.Date = class extends RealDate {
    constructor(...args) {
      super(...(args.length === 0 ? [RealDate.now() + shift] : args));
    }
    static now() { return RealDate.now() + shift; }
  };
})()`;

pageTest("'Today' becomes 'Yesterday' at midnight", async () => {
  const eve = await server.window("eve");
  await eve.createRoom("late");
  await eve.send("late");
  await eve.page.locator(".day", { hasText: "Today" }).first().waitFor();
  await eve.page.evaluate(NEAR_MIDNIGHT);
  await eve.page.locator(".day", { hasText: "Yesterday" }).first().waitFor({ timeout: 60_000 });
});
