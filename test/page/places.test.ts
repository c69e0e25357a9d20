import { expect } from "bun:test";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const ROOM = ".timeline .list";
const THREAD = ".thread-rows";
/** More than the page keeps of a room, so that it loads the place again. */
const MANY = 5_200;

interface Place {
  readonly seq: number;
  readonly top: number;
}

/** Returns the first message on the screen, and its distance from the upper edge. */
function placeOf(visit: Visit, list = ROOM): Promise<Place> {
  return visit.page.evaluate<Place>(`(() => {
    const list = document.querySelector(${JSON.stringify(list)});
    const edge = list?.getBoundingClientRect().top ?? 0;
    const rows = [...(list?.querySelectorAll("[data-seq]") ?? [])];
    const first = rows.find((row) => row.getBoundingClientRect().bottom > edge);
    return first === undefined
      ? { seq: 0, top: 0 }
      : { seq: Number(first.dataset.seq), top: first.getBoundingClientRect().top - edge };
  })()`);
}

async function waitForPlace(visit: Visit, place: Place, list?: string): Promise<void> {
  let now: Place | undefined;
  const isThere = async () => {
    now = await placeOf(visit, list);
    return now.seq === place.seq && Math.abs(now.top - place.top) <= 1;
  };
  await until("the place", isThere, 30_000).catch(() => undefined);
  expect(now).toEqual({ seq: place.seq, top: expect.closeTo(place.top, -0.31) });
}

/** Polls without a change after which the list stands still. */
const STILL_POLLS = 12;

async function placeAtRest(visit: Visit, list?: string): Promise<Place> {
  let before = await placeOf(visit, list);
  let polls = 0;
  await until("the list stands still", async () => {
    const place = await placeOf(visit, list);
    const isStill = place.seq === before.seq && place.top === before.top;
    before = place;
    polls = isStill ? polls + 1 : 0;
    return polls >= STILL_POLLS && place.seq !== 0;
  });
  return before;
}

function isAtEnd(visit: Visit): Promise<boolean> {
  return visit.page.evaluate<boolean>(`(() => {
    const list = document.querySelector("${ROOM}");
    return list !== null && list.scrollHeight - list.scrollTop - list.clientHeight < 2;
  })()`);
}

pageTest(
  "shows the line that was read at the same height after a reload",
  async () => {
    const user = await server.headlessUser("writer");
    await user.tab.ask("join", { room: "long", create: true });
    const seqs = await user.postMany(MANY, (n) => `line ${n}\nof many`, "long");
    const ana = await server.window("ana");
    const { page } = ana;
    await ana.send("/join long");
    await ana.heading("#long").waitFor();
    await ana.waitForMessage(`line ${MANY - 1}`);
    await ana.waitUntilRead("long");

    const linked = seqs[30] ?? 0;
    await page.evaluate(`location.hash = "#/long/${linked}"`);
    await page.locator(`.is-shown[data-seq="${linked}"]`).waitFor();
    await page.locator(ROOM).hover();
    const jumped = await placeAtRest(ana);
    await page.mouse.wheel(0, 77);
    await until("the list has moved", async () => (await placeOf(ana)).top !== jumped.top);
    const place = await placeAtRest(ana);
    await ana.reload();
    await ana.heading("#long").waitFor();
    await waitForPlace(ana, place);
    expect(await page.evaluate<string>("location.hash")).toBe("#/long");

    await ana.room("lobby").click();
    await ana.heading("#lobby").waitFor();
    await ana.room("long").click();
    await waitForPlace(ana, place);

    // The message is deleted while the page is away.
    await page.goto("about:blank");
    await user.tab.ask("erase", { seq: place.seq });
    await page.goBack();
    await ana.heading("#long").waitFor();
    const near = await until("a place", async () => {
      const { seq } = await placeOf(ana);
      return seq === 0 ? undefined : seq;
    });
    expect(near).toBeGreaterThanOrEqual(place.seq);
    expect(near).toBeLessThanOrEqual(place.seq + 1);

    await page.goto("about:blank");
    await user.post("new since then", "long");
    await page.goBack();
    await ana.waitForMessage("new since then");
    await page.getByRole("heading", { name: "New messages" }).waitFor();

    await page.locator(ROOM).press("End");
    await ana.waitUntilRead("long");
    await until("the end", () => isAtEnd(ana));
    await ana.reload();
    await ana.waitForMessage("new since then");
    await until("the end after a reload", () => isAtEnd(ana));
  },
  240_000,
);

pageTest("opens a thread where it was left", async () => {
  const user = await server.headlessUser("talker");
  await user.tab.ask("join", { room: "talk", create: true });
  const root = await user.post("root of many", "talk");
  for (let n = 0; n < 60; n++)
    await user.post(`reply ${n}\nfound`, "talk", { re: root, thread: true });
  await using bela = await server.logIn("bela");
  const { page } = bela;
  await bela.send("/join talk");
  await bela.heading("#talk").waitFor();
  const open = async () => {
    await bela.message("root of many").locator(".thread-link").click();
    await page.locator(`${THREAD} [data-seq]`).nth(30).waitFor();
  };
  await open();
  await page.locator(THREAD).hover();
  await page.mouse.wheel(0, -1_234);
  await until(
    "the thread has moved",
    async () => (await placeAtRest(bela, THREAD)).seq < root + 50,
  );
  const place = await placeAtRest(bela, THREAD);
  await page.getByRole("complementary", { name: "Thread" }).getByLabel("Close").click();
  await page.locator(THREAD).waitFor({ state: "detached" });
  await open();
  await waitForPlace(bela, place, THREAD);
  await bela.reload();
  await bela.heading("#talk").waitFor();
  await open();
  await waitForPlace(bela, place, THREAD);
});

pageTest("shows results where they were left for one of them, on a phone", async () => {
  const user = await server.headlessUser("finder");
  await user.postMany(60, (n) => `found ${n}\nwith a second line`);
  await using cleo = await server.logIn("cleo", { width: 390, height: 800 });
  const { page } = cleo;
  await cleo.leaveHome();
  await cleo.search("found");
  await cleo.results.nth(40).waitFor();
  const list = `document.querySelector(".finder-list")`;
  await page.evaluate(`${list}.scrollTop = 777`);
  await page.evaluate(`document.querySelectorAll(".finder-row")[20].click()`);
  await page.locator(".is-shown").waitFor();
  await cleo.results.first().waitFor({ state: "detached" });
  await cleo.button("Results").click();
  await cleo.results.nth(40).waitFor();
  await until("the position", () => page.evaluate<boolean>(`${list}.scrollTop === 777`));
});
