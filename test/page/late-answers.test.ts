import { expect } from "bun:test";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";

const server = new PageServer();

/** Delays what the page sends, in order, until it is released. */
const DELAY = `{
  const send = WebSocket.prototype.send;
  const held = [];
  WebSocket.prototype.send = function (data) { held.push(() => send.call(this, data)); };
  globalThis.releaseSends = () => {
    WebSocket.prototype.send = send;
    for (const one of held) one();
  };
}`;

pageTest("stays where the user types when an answer comes late", async () => {
  const ben = await server.headlessUser("ben");
  await ben.tab.ask("join", { room: "hall", create: true });
  const ana = await server.window("ana");
  const { page } = ana;
  await ana.createRoom("desk");
  await ana.heading("#desk").waitFor();
  for (const room of ["hall", "nowhere"]) {
    await page.evaluate(DELAY);
    await ana.send(`/join ${room}`);
    await page.locator("main .composer textarea").pressSequentially("the password ");
    await page.evaluate("releaseSends()");
    await page.getByText(room === "hall" ? "#hall is open to you" : "no room named").waitFor();
    await page.keyboard.type("is hunter2");
    expect(await page.locator("dialog[open]").count()).toBe(0);
    expect(await ana.heading("#desk").count()).toBe(1);
    const text = await page.locator("main .composer textarea").inputValue();
    expect(text).toBe("the password is hunter2");
    await page.locator("main .composer textarea").fill("");
  }
  await ana.send("/join hall");
  await ana.heading("#hall").waitFor();
});
