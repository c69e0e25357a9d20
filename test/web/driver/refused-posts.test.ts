import { describe, expect, test } from "bun:test";
import { ENGLISH } from "../../../src/ui/messages/en/page.ts";
import { faultText } from "../../../src/ui/text/fault-text.ts";
import { Site } from "../../server/site.ts";
import { Browser, type Tab } from "../browser/browser.ts";

/** Ben owns a room in which only its moderators post. */
async function muted() {
  const site = await Site.open();
  const ben = await new Browser(site).member("ben");
  await site.wait(ben.chat.actions.join("lab", { create: true }));
  await site.wait(ben.chat.request("rules", { room: "lab", post: "moderators" }));
  const browser = new Browser(site);
  const ana = await browser.member("ana", "secret");
  await site.wait(ana.chat.actions.join("lab", { create: true }));
  const refuse = async (tab: Tab, text: string) => {
    const before = refused(tab).length;
    tab.chat.actions.send("lab", { text });
    await tab.until("refused", () => refused(tab).length === before + 1);
  };
  const start = async (reloads?: Tab) => {
    const tab = await browser.tab(reloads === undefined ? {} : { reloads });
    await tab.caughtUp();
    await site.time.advance(1_000);
    return tab;
  };
  const reload = async (tab: Tab) => {
    await tab.close();
    return start(tab);
  };
  const rows = () => browser.store.all("refused", "");
  return { site, browser, ben, ana, refuse, start, reload, rows };
}

function refused({ chat }: Tab): string[] {
  return chat.model.pending.flatMap(({ state, body, to }) =>
    state.kind === "refused" ? [`${to}: ${body.text}: ${faultText(state.fault, ENGLISH)}`] : [],
  );
}

const LOST = "lab: lost?: Only moderators can post in 'lab'. Ask a moderator.";

describe("a refused message", () => {
  test("survives a reload and the end of the page, until it is sent", async () => {
    const { site, ben, ana, refuse, reload, rows } = await muted();
    await refuse(ana, "lost?");
    expect(ana.chat.actions.hasUnsent).toBe(true);
    const killed = await reload(ana);
    expect(refused(killed)).toEqual([LOST]);
    killed.kill();
    const next = await reload(killed);
    expect(refused(next)).toEqual([LOST]);
    await site.wait(ben.chat.request("rules", { room: "lab", post: "everyone" }));
    next.chat.actions.resend(next.chat.model.pending[0]?.key ?? "");
    await ben.until("arrived", () => ben.texts("lab").includes("lost?"));
    await next.settled();
    await site.time.advance(100);
    expect(await rows()).toEqual([]);
    expect(refused(await reload(next))).toEqual([]);
    expect(next.chat.actions.hasUnsent).toBe(false);
  });

  test("does not return after it was discarded", async () => {
    const { ana, site, refuse, reload, rows } = await muted();
    await refuse(ana, "lost?");
    await refuse(ana, "second");
    ana.chat.actions.discard(ana.chat.model.pending[0]?.key ?? "");
    await site.time.advance(100);
    expect(await rows()).toHaveLength(1);
    const next = await reload(ana);
    expect(refused(next)).toEqual([
      "lab: second: Only moderators can post in 'lab'. Ask a moderator.",
    ]);
  });

  test("of a closed tab is taken over, and that of an open tab is not", async () => {
    const { ana, refuse, start, rows } = await muted();
    await refuse(ana, "lost?");
    const other = await start();
    expect(refused(other)).toEqual([]);
    await refuse(other, "own");
    await ana.close();
    await other.close();
    const last = await start();
    expect(refused(last)).toHaveLength(2);
    expect(refused(await start())).toEqual([]);
    expect(await rows()).toHaveLength(2);
  });

  test("waits for the next login of its account", async () => {
    const { site, ana, refuse } = await muted();
    await refuse(ana, "lost?");
    await site.wait(ana.chat.logout());
    await site.wait(ana.chat.enter({ user: "cid" }));
    await ana.until("caught up", () => ana.chat.model.isCaughtUp);
    expect(refused(ana)).toEqual([]);
    await site.wait(ana.chat.logout());
    await site.wait(ana.chat.enter({ user: "ana", password: "secret" }));
    await ana.until("restored", () => refused(ana).length === 1);
    expect(refused(ana)).toEqual([LOST]);
  });

  test("is stored at most 100 times", async () => {
    const { ana, browser, refuse, rows, site } = await muted();
    for (let i = 0; i <= 100; i++) await refuse(ana, `${i}`);
    await site.time.advance(1_000);
    const texts = (await rows()).map(([, row]) => (row as { body: { text: string } }).body.text);
    expect([texts.length, texts.includes("0"), texts.includes("100")]).toEqual([100, false, true]);
    expect(await browser.store.all("outbox", "")).toEqual([]);
  });
});
