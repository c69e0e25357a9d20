import { expect } from "bun:test";
import { Relay } from "../e2e/relay.ts";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();

async function tabTo(visit: Visit, label: string | RegExp, key = "Tab"): Promise<void> {
  const seen: string[] = [];
  for (let i = 0; i < 60; i++) {
    await visit.page.keyboard.press(key);
    const name = await focused(visit);
    if (typeof label === "string" ? name === label : label.test(name)) return;
    seen.push(name);
  }
  throw new Error(`Tab does not come to ${label}, but to: ${seen.join(", ")}`);
}

function focused({ page }: Visit): Promise<string> {
  return page.evaluate<string>(`(() => {
    const element = document.activeElement;
    const label = element.labels?.[0]?.textContent;
    return element.getAttribute("aria-label") ?? label ?? element.textContent.trim();
  })()`);
}

async function upTo(visit: Visit, label: RegExp): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await visit.page.keyboard.press("ArrowUp");
    if (label.test(await focused(visit))) return;
  }
  throw new Error(`ArrowUp does not come to ${label}`);
}

async function reply(ana: Visit): Promise<void> {
  const { keyboard } = ana.page;
  await tabTo(ana, "Messages", "Shift+Tab");
  await upTo(ana, /^ben, who knows keys\?, /);
  await keyboard.press("Enter");
  await ana.page.getByRole("menu").waitFor();
  for (let i = 0; i < 30 && (await focused(ana)) !== "Reply"; i++)
    await keyboard.press("ArrowDown");
  await keyboard.press("Enter");
  await ana.page.locator(".composer textarea:focus").waitFor();
  await keyboard.type("all of them");
  await keyboard.press("Enter");
  await ana.message("all of them").locator(".quote").getByText("ben").waitFor();
  await ana.waitUntilSent();
}

async function reactAndEdit(ana: Visit): Promise<void> {
  const { keyboard } = ana.page;
  await tabTo(ana, "Messages", "Shift+Tab");
  await upTo(ana, /^ben, who knows keys\?, /);
  await keyboard.press("Enter");
  await ana.page.getByRole("menu").waitFor();
  expect(await focused(ana)).toBe("React with 👍");
  await keyboard.press("Enter");
  await ana.page.getByRole("button", { name: "👍 1: you" }).waitFor();

  await tabTo(ana, "Message");
  await keyboard.press("ArrowUp");
  await ana.page.getByText("Editing your message").waitFor();
  await keyboard.type(", really");
  await keyboard.press("Enter");
  await ana.message("all of them, really").getByText("(edited)").waitFor();
}

async function switchRooms(ana: Visit): Promise<void> {
  const { keyboard } = ana.page;
  await keyboard.type("/join garden");
  await keyboard.press("Enter");
  await ana.page.getByRole("dialog").waitFor();
  await keyboard.press("Enter");
  await ana.heading("#garden").waitFor();
  await keyboard.press("Alt+ArrowDown");
  await ana.page.getByRole("heading", { name: "#lobby" }).waitFor();
  await keyboard.press("Control+k");
  await ana.page.getByRole("dialog").waitFor();
  await keyboard.type("gard");
  await keyboard.press("Enter");
  await ana.heading("#garden").waitFor();
}

async function searchMessages(ana: Visit): Promise<void> {
  const { keyboard } = ana.page;
  await keyboard.press("Control+Shift+F");
  await ana.finder.waitFor();
  await keyboard.press("Escape"); // Not only in this room.
  await keyboard.type("who knows");
  await ana.results.getByText("who knows keys?").waitFor();
  await keyboard.press("Enter");
  await ana.page.getByRole("heading", { name: "#lobby" }).waitFor();
  await ana.page.locator("article.is-shown").getByText("who knows keys?").waitFor();
  expect(await focused(ana)).toMatch(/who knows keys/);
}

async function openSettingsAndLeave(ana: Visit): Promise<void> {
  const { keyboard } = ana.page;
  await keyboard.press("Escape"); // Ends the walk through the results.
  await tabTo(ana, /Account and settings$/);
  await keyboard.press("Enter");
  await ana.dialog("Account and settings").waitFor();
  await keyboard.press("Escape");
  await ana.dialog("Account and settings").waitFor({ state: "detached" });
  expect(await focused(ana)).toMatch(/Account and settings$/);
  await keyboard.press("Enter");
  await tabTo(ana, "Sign out");
  await keyboard.press("Enter");
  await ana.dialog("Sign out in this browser?").waitFor();
  await tabTo(ana, "Sign out");
  await keyboard.press("Enter");
  await ana.button("Use another name").waitFor();
}

pageTest("the keys / and ? can be switched off", async () => {
  await using kim = await server.logIn("kim");
  const settings = await kim.openSettings();
  await settings.getByLabel("Use the keys / and ? without a modifier").uncheck();
  await kim.page.keyboard.press("Escape");
  await settings.waitFor({ state: "detached" });
  await kim.page.locator(".list").focus();
  await kim.page.keyboard.press("?");
  await kim.page.keyboard.press("/");
  expect(await focused(kim)).toBe("Messages");
  await kim.page.keyboard.press("Control+k");
  await kim.page.getByRole("dialog").waitFor();
  expect(await kim.page.getByRole("dialog").count()).toBe(1);
});

pageTest(
  "logs in, posts, replies, reacts, edits, switches rooms, searches and logs out by keyboard",
  async () => {
    const ben = await server.headlessUser("ben");
    await ben.post("who knows keys?");
    await using ana = await server.visit();
    const { keyboard } = ana.page;
    await ana.field("Name").waitFor();
    expect(await focused(ana)).toBe("Name");
    await keyboard.type("ana");
    await tabTo(ana, "Continue");
    await keyboard.press("Enter");
    await ana.newAccountQuestion.waitFor();
    await tabTo(ana, "Create account");
    await keyboard.press("Enter");
    await ana.composer.waitFor();
    await ana.page.locator(".composer textarea:focus").waitFor();
    await keyboard.type("I do");
    await keyboard.press("Enter");
    await ana.waitForMessage("I do");
    await ana.waitUntilSent();

    await reply(ana);
    await reactAndEdit(ana);
    await switchRooms(ana);
    await searchMessages(ana);
    await openSettingsAndLeave(ana);
  },
);

function focusedClass({ page }: Visit): Promise<string> {
  return page.evaluate<string>("document.activeElement.className");
}

pageTest("keeps the focus in the list when the focused row is removed", async () => {
  const cid = await server.headlessUser("cid");
  await cid.postMany(300, (n) => `word ${n}.`);
  await using relay = await Relay.open(server.served.port);
  await using ana = await server.logIn("emil", { via: relay });
  const { keyboard } = ana.page;
  await ana.waitForMessage("word 299.");
  relay.cut();
  await ana.page.getByText(/^Can't reach the server/).waitFor();
  await ana.send("in the meantime");
  await ana.message("in the meantime").getByText("waiting for connection").waitFor();
  await tabTo(ana, "Messages", "Shift+Tab");
  await keyboard.press("ArrowUp");
  expect(await focusedClass(ana)).toMatch(/is-pending/);
  relay.mend();
  await ana.page.evaluate("dispatchEvent(new Event('online'))");
  await ana.waitUntilSent();
  // The list takes the focus of the removed row a moment later; a key before that does nothing.
  await ana.page.locator(".list:focus").waitFor();
  await keyboard.press("ArrowUp");
  await ana.page.locator("article:focus").getByText("in the meantime").waitFor();
  // Scroll far away even if the timeline is about to follow a new row.
  await until("the list has the focus of the row that went", async () => {
    await ana.page.evaluate("{ document.querySelector('.timeline .list').scrollTop = 0 }");
    return (await ana.page.locator(".list:focus").count()) > 0;
  });
  await until("a message has the focus: the rows there may be drawn a moment later", async () => {
    await keyboard.press("ArrowUp");
    return /message/.test(await focusedClass(ana));
  });
});
