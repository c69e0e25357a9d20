import { expect } from "bun:test";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";

const server = new PageServer();
const PHONE = { isPhone: true, width: 390, height: 844 };
const password = "correct horse battery";

pageTest("a thread opens beside the timeline, and on a phone over it", async () => {
  await using ana = await server.logIn("ana", { password, width: 1440 });
  await ana.room("lobby").click();
  const ben = await server.headlessUser("ben");
  await ben.post("Where do we meet?");
  const root = ana.message("Where do we meet?").first();
  const seq = Number(await root.getAttribute("data-seq"));
  const timeline = ana.page.locator(".timeline");
  const thread = ana.page.locator(".thread");
  const field = thread.locator("textarea");

  // A reply in the room, from which the count opens the thread.
  await ana.send(`/reply ${seq} In the lab`);
  await root.getByText("1 reply", { exact: true }).click();
  await thread.locator("article", { hasText: "In the lab" }).waitFor();
  expect(await thread.locator(".quote").count()).toBe(0);

  // A post in the thread stays out of the timeline, which keeps its own draft.
  await ana.page.locator(".main textarea").fill("unsent");
  await field.fill("Which lab?");
  await field.press("Enter");
  await thread.locator("article:not(.is-pending)", { hasText: "Which lab?" }).waitFor();
  await root.getByText("2 replies", { exact: true }).waitFor();
  expect(await timeline.getByText("Which lab?").count()).toBe(0);
  expect(await ana.page.locator(".main textarea").inputValue()).toBe("unsent");

  // The tick sends it to the room, too, and applies once.
  const tick = thread.getByLabel("Also send to #lobby");
  await tick.check();
  await field.fill("The upper one");
  await field.press("Enter");
  await timeline.locator("article", { hasText: "The upper one" }).waitFor();
  await thread.locator("article", { hasText: "The upper one" }).waitFor();
  expect(await tick.isChecked()).toBe(false);

  // Others' replies, edits, reactions and erasures arrive in the open thread.
  await ben.post("Thanks", "lobby", { re: seq, thread: true });
  const thanks = thread.locator("article", { hasText: "Thanks" });
  await thanks.waitFor();
  await thanks.hover();
  await thanks.getByRole("button", { name: "React with 👍" }).click();
  await thanks.locator(".reaction").waitFor();
  await field.press("ArrowUp");
  await field.fill("The upper lab");
  await field.press("Enter");
  await thread.locator("article", { hasText: "The upper lab (edited)" }).waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);

  // Posting follows the thread; the next reply marks it until it is opened.
  await thread.getByRole("button", { name: "Following" }).waitFor();
  await field.press("Escape");
  await thread.waitFor({ state: "detached" });
  await ben.post("See you", "lobby", { re: seq, thread: true });
  await root.getByText("5 replies · new").waitFor();
  await ana.button("Activity , 1 unread").click();
  await ana.button("Threads").click();
  const dialog = ana.page.getByRole("dialog");
  await dialog.getByText("Where do we meet?").click();
  await thread.locator("article", { hasText: "See you" }).waitFor();
  await root.getByText("5 replies", { exact: true }).waitFor();
  await thread.getByRole("button", { name: "Following" }).click();
  await thread.getByRole("button", { name: "Follow", exact: true }).waitFor();
  await ana.button("Activity").waitFor();

  // A link to a reply in a thread opens the thread.
  const replySeq = await thanks.getAttribute("data-seq");
  await field.press("Escape");
  await thread.waitFor({ state: "detached" });
  await ana.page.locator(".main textarea").fill("");
  await ana.send(`/jump ${replySeq}`);
  await thread.locator("article.is-shown", { hasText: "Thanks" }).waitFor();

  await using phone = await server.logIn("ana", { password, ...PHONE });
  const count = phone.page.locator(".timeline").getByText(/^5 replies/);
  await count.click();
  await phone.page.locator(".thread article", { hasText: "Thanks" }).waitFor();
  expect((await phone.page.locator(".thread").boundingBox())?.width).toBe(390);
  expect(await phone.accessibilityViolations()).toEqual([]);
  await phone.page.goBack();
  await phone.page.locator(".thread").waitFor({ state: "detached" });
});

pageTest("files that are attached in the open thread are sent there", async () => {
  await using eve = await server.logIn("eve", { password, width: 1440 });
  await eve.room("lobby").click();
  const cleo = await server.headlessUser("cleo");
  await cleo.post("Show me the plots");
  const root = eve.message("Show me the plots").first();
  const open = `/thread ${await root.getAttribute("data-seq")}`;
  await eve.send(open);
  const thread = eve.page.locator(".thread");
  const attached = thread.getByRole("list", { name: "Attached files" }).getByRole("listitem");
  const chosen = eve.page.waitForEvent("filechooser");
  await thread.getByRole("button", { name: "Attach" }).click();
  expect(await eve.menuItem("Poll").count()).toBe(0);
  await eve.menuItem("File").click();
  await (await chosen).setFiles([server.sandbox.write("one.txt", "1")]);
  await attached.getByText("one.txt").waitFor();
  const drag = (kind: string) =>
    eve.page.evaluate(`{
      const data = new DataTransfer();
      data.items.add(new File(["second"], "two.txt"));
      const more = { dataTransfer: data, bubbles: true, cancelable: true };
      document.querySelector(".thread-rows").dispatchEvent(new DragEvent("${kind}", more));
    }`);
  await drag("dragenter");
  await eve.page.getByText("Drop files to send them in this thread").waitFor();
  await drag("drop");
  await attached.getByText("two.txt").waitFor();
  expect(await eve.page.locator(".main .attachments").count()).toBe(0);
  await eve.reload();
  await eve.send(open);
  await attached.getByText("two.txt").waitFor();
  await thread.locator("textarea").fill("both of them");
  await thread.locator("textarea").press("Enter");
  for (const name of ["one.txt", "two.txt"]) {
    await thread.getByRole("group", { name: `File ${name}`, exact: true }).waitFor();
    expect(await eve.page.locator(".timeline").getByText(name).count()).toBe(0);
  }
  await thread.getByText("both of them").waitFor();
  await root.getByText("1 reply", { exact: true }).waitFor();
  await attached.first().waitFor({ state: "detached" });

  // The tick shows the file in the room, too.
  await thread.getByLabel("Also send to #lobby").check();
  const again = eve.page.waitForEvent("filechooser");
  await thread.getByRole("button", { name: "Attach" }).click();
  await eve.menuItem("File").click();
  await (await again).setFiles([server.sandbox.write("three.txt", "3")]);
  await attached.getByText("three.txt").waitFor();
  await thread.getByRole("button", { name: "Send" }).click();
  await eve.page.locator(".timeline").getByText("three.txt").first().waitFor();
  await root.getByText("2 replies", { exact: true }).waitFor();
});

const FIRST_NEW = `(() => {
  const line = document.querySelector(".thread-rows [data-unread]").closest(".list-cell");
  return line.nextElementSibling.textContent;
})()`;

const THREAD_AT = `(() => {
  const list = document.querySelector(".thread-rows").getBoundingClientRect();
  const line = document.querySelector(".thread-rows [data-unread]")?.getBoundingClientRect();
  return line === undefined ? undefined : (line.top - list.top) / list.height;
})()`;

pageTest("a thread opens at its first new reply, and reads those on the screen", async () => {
  const kim = await server.headlessUser("kim");
  await using jan = await server.logIn("jan", { password, width: 1440 });
  await jan.send("What do we need?");
  await jan.waitUntilSent();
  const root = jan.message("What do we need?").first();
  const seq = Number(await root.getAttribute("data-seq"));
  for (let i = 0; i < 2; i++)
    await kim.post(`old ${i}. ${"and more ".repeat(30)}`, "lobby", { re: seq, thread: true });
  const thread = jan.page.locator(".thread");
  const open = () => root.locator(".thread-link").click();
  const close = async () => {
    await thread.getByRole("button", { name: "Close" }).click();
    await thread.waitFor({ state: "detached" });
  };
  await root.getByText("2 replies · new").waitFor();
  const session = await jan.context.newCDPSession(jan.page);
  await session.send("Network.enable");
  let follows = 0;
  session.on("Network.webSocketFrameSent", ({ response }) => {
    if (Buffer.from(response.payloadData, "base64").includes("follow")) follows++;
  });
  await open();
  await jan.page.locator("article", { hasText: "old 1." }).waitFor();
  await until("they are read", async () => follows > 0);
  await close();
  for (let i = 0; i < 30; i++)
    await kim.post(`new ${i}. ${"and more ".repeat(30)}`, "lobby", { re: seq, thread: true });
  await root.getByText("32 replies · new").waitFor();
  follows = 0;
  await open();
  await until("the line is in the upper part", async () => {
    const at = await jan.page.evaluate<number | undefined>(THREAD_AT);
    return at !== undefined && Math.abs(at - 0.25) < 0.03;
  });
  expect(await jan.page.evaluate<string>(FIRST_NEW)).toContain("new 0.");
  // Those that were on the screen for a second are read, and no others.
  await until("the page tells what was read", async () => follows > 0);
  await close();
  await root.getByText("32 replies · new").waitFor();
  await open();
  await jan.page.locator(".thread-rows [data-unread]").waitFor();
  const first = await jan.page.evaluate<string>(FIRST_NEW);
  expect(Number(/new (\d+)\./.exec(first)?.[1])).toBeWithin(1, 25);
  await jan.page.locator(".thread-rows").evaluate((list) => list.scrollTo(0, 1e6));
  await close();
  await root.getByText("32 replies · new").waitFor();
});
